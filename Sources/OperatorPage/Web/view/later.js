// A viewer that is fetched when it is needed: who looks at pictures all day loads no point clouds.

const MODULES = {
  cloud: () => import("./cloud.js"), sound: () => import("./sound.js"), series: () => import("./series.js"), text: () => import("./words.js"),
  table: () => import("./table.js"), preference: () => import("./preference.js"), graph: () => import("./graph.js"),
};
const TOOLS = { sound: ["interval"], series: ["interval"], text: ["textSpan"], table: ["cells"], graph: ["graph"], cloud: ["cuboid"] };
const classes = new Map();

/** Stands for a viewer until its module is here, and hands everything on to it. */
export class Later {
  /** The class for a kind. */
  static of(kind) {
    if (!classes.has(kind)) {
      classes.set(kind, class extends Later {
        static tools = TOOLS[kind] ?? [];

        constructor(host, context, only) {
          super();
          this.calls = [];
          this.ready = MODULES[kind]().then(({ Viewer }) => {
            if (this.isOver) return;
            this.inner = new Viewer(host, context, only);
            this.inner.onView = (view) => this.onView?.(view);
            for (const [name, words] of this.calls) this.inner[name]?.(...words);
          });
        }
      });
    }
    return classes.get(kind);
  }

  pass(name, words) {
    if (this.inner) return this.inner[name]?.(...words);
    this.calls = [...this.calls.filter(([each]) => each !== name), [name, words]];
    return undefined;
  }

  async load(...words) {
    await this.ready;
    return this.inner?.load(...words);
  }

  end() {
    this.isOver = true;
    this.inner?.end();
  }

  /** The tools of the viewer, once it is here. */
  get tools() {
    return this.inner?.tools;
  }

  get hidden() {
    return this.inner?.hidden;
  }
}

for (const name of ["setLabels", "select", "reveal", "hideAll", "setView", "zoom", "fit", "stepFrame", "play", "nudge", "redraw"]) {
  Later.prototype[name] = function handOn(...words) {
    return this.pass(name, words);
  };
}
