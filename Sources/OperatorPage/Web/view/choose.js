// Which viewer an item gets: by its media type, by how its key ends, and by what its labels say.

import { Pictures } from "./pictures.js";
import { Later } from "./later.js";

const ENDINGS = {
  picture: /\.(png|jpe?g|gif|webp|bmp|tiff?)$/i, video: /\.(mp4|webm|mkv|mov|avi)$/i, cloud: /\.(pcd|bin|ply|las|laz)$/i,
  sound: /\.(wav|flac|mp3|ogg|m4a)$/i, graph: /\.(sdf|mol|dxf)$/i, table: /\.(csv|tsv)$/i, text: /\.(txt|md|json|xml|log)$/i,
};
const BY_KIND = {
  box: "picture", rotatedBox: "picture", ellipse: "picture", polygon: "picture", polyline: "picture", keypoints: "picture", mask: "picture", blob: "picture",
  cuboid: "cloud", pointSet: "cloud", textSpan: "text", preference: "preference", graph: "graph", cells: "table", interval: "series",
};

/** The name of the viewer: `picture`, `cloud`, `sound`, `series`, `text`, `table`, `preference` or `graph`. */
export function kindOf({ mediaType, key, labels, fields }) {
  const type = mediaType ?? "";
  if (fields.prompt || labels.some((each) => each.selector.kind === "preference")) return "preference";
  if (fields["sdf.molfile"] || fields["dxf.version"] || ENDINGS.graph.test(key)) return "graph";
  if (type.startsWith("image/") || type.startsWith("video/") || ENDINGS.picture.test(key) || ENDINGS.video.test(key)) return "picture";
  if (type.startsWith("audio/") || ENDINGS.sound.test(key)) return "sound";
  if (ENDINGS.cloud.test(key)) return "cloud";
  if (fields.text || type === "text/plain") return "text";
  const kinds = new Set(labels.map((each) => inner(each.selector)));
  if (type === "text/csv" || ENDINGS.table.test(key)) return isSeries(kinds, labels, fields) ? "series" : "table";
  for (const kind of kinds) if (BY_KIND[kind]) return BY_KIND[kind];
  return ENDINGS.text.test(key) || fields.speaker ? "text" : "picture";
}

function inner(selector) {
  if (selector.kind === "track") return selector.keyframes[0]?.selector.kind;
  if (selector.kind === "all") return selector.selectors[0]?.kind;
  return selector.kind;
}

// Of a file of numbers in columns the labels say whether time matters: intervals and change points are of series.
function isSeries(kinds, labels, fields) {
  if (kinds.has("interval") || fields.timeOrigin || fields.channels || fields.unit) return true;
  return labels.some((each) => each.selector.kind === "cells" && /^(no )?change.?point$|^(up|down|flat|remaining-life)$|anomal/i.test(each.class));
}

/** The viewer's class. All but that of pictures come when they are needed. */
export function viewerFor(item) {
  const kind = kindOf(item);
  return kind === "picture" ? Pictures : Later.of(kind);
}
