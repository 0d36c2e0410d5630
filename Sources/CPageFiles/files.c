// Made by list.py: the files of the page, as they are when this is compiled.
#include "CPageFiles.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char file0[] = {
#embed "../OperatorPage/Web/base.css" suffix(, 0)
};
static const unsigned char file1[] = {
#embed "../OperatorPage/Web/core/alarms.js" suffix(, 0)
};
static const unsigned char file2[] = {
#embed "../OperatorPage/Web/core/api.js" suffix(, 0)
};
static const unsigned char file3[] = {
#embed "../OperatorPage/Web/core/colour.js" suffix(, 0)
};
static const unsigned char file4[] = {
#embed "../OperatorPage/Web/core/dataset.js" suffix(, 0)
};
static const unsigned char file5[] = {
#embed "../OperatorPage/Web/core/dom.js" suffix(, 0)
};
static const unsigned char file6[] = {
#embed "../OperatorPage/Web/core/drop.js" suffix(, 0)
};
static const unsigned char file7[] = {
#embed "../OperatorPage/Web/core/edit.js" suffix(, 0)
};
static const unsigned char file8[] = {
#embed "../OperatorPage/Web/core/events.js" suffix(, 0)
};
static const unsigned char file9[] = {
#embed "../OperatorPage/Web/core/group.js" suffix(, 0)
};
static const unsigned char file10[] = {
#embed "../OperatorPage/Web/core/keys.js" suffix(, 0)
};
static const unsigned char file11[] = {
#embed "../OperatorPage/Web/core/labels.js" suffix(, 0)
};
static const unsigned char file12[] = {
#embed "../OperatorPage/Web/core/media.js" suffix(, 0)
};
static const unsigned char file13[] = {
#embed "../OperatorPage/Web/core/notice.js" suffix(, 0)
};
static const unsigned char file14[] = {
#embed "../OperatorPage/Web/core/paged.js" suffix(, 0)
};
static const unsigned char file15[] = {
#embed "../OperatorPage/Web/core/panel.js" suffix(, 0)
};
static const unsigned char file16[] = {
#embed "../OperatorPage/Web/core/parts.js" suffix(, 0)
};
static const unsigned char file17[] = {
#embed "../OperatorPage/Web/core/past.js" suffix(, 0)
};
static const unsigned char file18[] = {
#embed "../OperatorPage/Web/core/picture.js" suffix(, 0)
};
static const unsigned char file19[] = {
#embed "../OperatorPage/Web/core/router.js" suffix(, 0)
};
static const unsigned char file20[] = {
#embed "../OperatorPage/Web/core/session.js" suffix(, 0)
};
static const unsigned char file21[] = {
#embed "../OperatorPage/Web/core/story.js" suffix(, 0)
};
static const unsigned char file22[] = {
#embed "../OperatorPage/Web/core/text.js" suffix(, 0)
};
static const unsigned char file23[] = {
#embed "../OperatorPage/Web/core/virtual.js" suffix(, 0)
};
static const unsigned char file24[] = {
#embed "../OperatorPage/Web/core/writes.js" suffix(, 0)
};
static const unsigned char file25[] = {
#embed "../OperatorPage/Web/index.html" suffix(, 0)
};
static const unsigned char file26[] = {
#embed "../OperatorPage/Web/main.js" suffix(, 0)
};
static const unsigned char file27[] = {
#embed "../OperatorPage/Web/mark.svg" suffix(, 0)
};
static const unsigned char file28[] = {
#embed "../OperatorPage/Web/parts.css" suffix(, 0)
};
static const unsigned char file29[] = {
#embed "../OperatorPage/Web/proof/bytes.js" suffix(, 0)
};
static const unsigned char file30[] = {
#embed "../OperatorPage/Web/proof/cbor.js" suffix(, 0)
};
static const unsigned char file31[] = {
#embed "../OperatorPage/Web/proof/changeset.js" suffix(, 0)
};
static const unsigned char file32[] = {
#embed "../OperatorPage/Web/proof/check.js" suffix(, 0)
};
static const unsigned char file33[] = {
#embed "../OperatorPage/Web/proof/cose.js" suffix(, 0)
};
static const unsigned char file34[] = {
#embed "../OperatorPage/Web/proof/der.js" suffix(, 0)
};
static const unsigned char file35[] = {
#embed "../OperatorPage/Web/proof/keys.js" suffix(, 0)
};
static const unsigned char file36[] = {
#embed "../OperatorPage/Web/proof/notes.js" suffix(, 0)
};
static const unsigned char file37[] = {
#embed "../OperatorPage/Web/proof/selector.js" suffix(, 0)
};
static const unsigned char file38[] = {
#embed "../OperatorPage/Web/proof/sign.js" suffix(, 0)
};
static const unsigned char file39[] = {
#embed "../OperatorPage/Web/proof/signing.js" suffix(, 0)
};
static const unsigned char file40[] = {
#embed "../OperatorPage/Web/proof/standing.js" suffix(, 0)
};
static const unsigned char file41[] = {
#embed "../OperatorPage/Web/proof/text.en.json" suffix(, 0)
};
static const unsigned char file42[] = {
#embed "../OperatorPage/Web/proof/text.zh.json" suffix(, 0)
};
static const unsigned char file43[] = {
#embed "../OperatorPage/Web/proof/words.js" suffix(, 0)
};
static const unsigned char file44[] = {
#embed "../OperatorPage/Web/proof/x509.js" suffix(, 0)
};
static const unsigned char file45[] = {
#embed "../OperatorPage/Web/screens/conflicts.js" suffix(, 0)
};
static const unsigned char file46[] = {
#embed "../OperatorPage/Web/screens/dataset.js" suffix(, 0)
};
static const unsigned char file47[] = {
#embed "../OperatorPage/Web/screens/history.js" suffix(, 0)
};
static const unsigned char file48[] = {
#embed "../OperatorPage/Web/screens/home.js" suffix(, 0)
};
static const unsigned char file49[] = {
#embed "../OperatorPage/Web/screens/item.js" suffix(, 0)
};
static const unsigned char file50[] = {
#embed "../OperatorPage/Web/screens/items.js" suffix(, 0)
};
static const unsigned char file51[] = {
#embed "../OperatorPage/Web/screens/label.js" suffix(, 0)
};
static const unsigned char file52[] = {
#embed "../OperatorPage/Web/screens/me.js" suffix(, 0)
};
static const unsigned char file53[] = {
#embed "../OperatorPage/Web/screens/partners.js" suffix(, 0)
};
static const unsigned char file54[] = {
#embed "../OperatorPage/Web/screens/quality.js" suffix(, 0)
};
static const unsigned char file55[] = {
#embed "../OperatorPage/Web/screens/releases.js" suffix(, 0)
};
static const unsigned char file56[] = {
#embed "../OperatorPage/Web/screens/setup.js" suffix(, 0)
};
static const unsigned char file57[] = {
#embed "../OperatorPage/Web/text.en.json" suffix(, 0)
};
static const unsigned char file58[] = {
#embed "../OperatorPage/Web/text.zh.json" suffix(, 0)
};
static const unsigned char file59[] = {
#embed "../OperatorPage/Web/view.css" suffix(, 0)
};
static const unsigned char file60[] = {
#embed "../OperatorPage/Web/view/base.js" suffix(, 0)
};
static const unsigned char file61[] = {
#embed "../OperatorPage/Web/view/beside.js" suffix(, 0)
};
static const unsigned char file62[] = {
#embed "../OperatorPage/Web/view/brush.js" suffix(, 0)
};
static const unsigned char file63[] = {
#embed "../OperatorPage/Web/view/choose.js" suffix(, 0)
};
static const unsigned char file64[] = {
#embed "../OperatorPage/Web/view/cloud.js" suffix(, 0)
};
static const unsigned char file65[] = {
#embed "../OperatorPage/Web/view/clouds.js" suffix(, 0)
};
static const unsigned char file66[] = {
#embed "../OperatorPage/Web/view/fft.worker.js" suffix(, 0)
};
static const unsigned char file67[] = {
#embed "../OperatorPage/Web/view/geometry.js" suffix(, 0)
};
static const unsigned char file68[] = {
#embed "../OperatorPage/Web/view/gl.js" suffix(, 0)
};
static const unsigned char file69[] = {
#embed "../OperatorPage/Web/view/graph.js" suffix(, 0)
};
static const unsigned char file70[] = {
#embed "../OperatorPage/Web/view/index.js" suffix(, 0)
};
static const unsigned char file71[] = {
#embed "../OperatorPage/Web/view/later.js" suffix(, 0)
};
static const unsigned char file72[] = {
#embed "../OperatorPage/Web/view/mask.js" suffix(, 0)
};
static const unsigned char file73[] = {
#embed "../OperatorPage/Web/view/paint.js" suffix(, 0)
};
static const unsigned char file74[] = {
#embed "../OperatorPage/Web/view/picture.js" suffix(, 0)
};
static const unsigned char file75[] = {
#embed "../OperatorPage/Web/view/pictures.js" suffix(, 0)
};
static const unsigned char file76[] = {
#embed "../OperatorPage/Web/view/pixels.js" suffix(, 0)
};
static const unsigned char file77[] = {
#embed "../OperatorPage/Web/view/plot.js" suffix(, 0)
};
static const unsigned char file78[] = {
#embed "../OperatorPage/Web/view/preference.js" suffix(, 0)
};
static const unsigned char file79[] = {
#embed "../OperatorPage/Web/view/pyramid.js" suffix(, 0)
};
static const unsigned char file80[] = {
#embed "../OperatorPage/Web/view/rest.js" suffix(, 0)
};
static const unsigned char file81[] = {
#embed "../OperatorPage/Web/view/series.js" suffix(, 0)
};
static const unsigned char file82[] = {
#embed "../OperatorPage/Web/view/series.worker.js" suffix(, 0)
};
static const unsigned char file83[] = {
#embed "../OperatorPage/Web/view/sound.js" suffix(, 0)
};
static const unsigned char file84[] = {
#embed "../OperatorPage/Web/view/table.js" suffix(, 0)
};
static const unsigned char file85[] = {
#embed "../OperatorPage/Web/view/tools.js" suffix(, 0)
};
static const unsigned char file86[] = {
#embed "../OperatorPage/Web/view/vectors.js" suffix(, 0)
};
static const unsigned char file87[] = {
#embed "../OperatorPage/Web/view/words.js" suffix(, 0)
};

const struct cm_page_file cm_page_files[] = {
    {"base.css", file0, sizeof file0 - 1},
    {"core/alarms.js", file1, sizeof file1 - 1},
    {"core/api.js", file2, sizeof file2 - 1},
    {"core/colour.js", file3, sizeof file3 - 1},
    {"core/dataset.js", file4, sizeof file4 - 1},
    {"core/dom.js", file5, sizeof file5 - 1},
    {"core/drop.js", file6, sizeof file6 - 1},
    {"core/edit.js", file7, sizeof file7 - 1},
    {"core/events.js", file8, sizeof file8 - 1},
    {"core/group.js", file9, sizeof file9 - 1},
    {"core/keys.js", file10, sizeof file10 - 1},
    {"core/labels.js", file11, sizeof file11 - 1},
    {"core/media.js", file12, sizeof file12 - 1},
    {"core/notice.js", file13, sizeof file13 - 1},
    {"core/paged.js", file14, sizeof file14 - 1},
    {"core/panel.js", file15, sizeof file15 - 1},
    {"core/parts.js", file16, sizeof file16 - 1},
    {"core/past.js", file17, sizeof file17 - 1},
    {"core/picture.js", file18, sizeof file18 - 1},
    {"core/router.js", file19, sizeof file19 - 1},
    {"core/session.js", file20, sizeof file20 - 1},
    {"core/story.js", file21, sizeof file21 - 1},
    {"core/text.js", file22, sizeof file22 - 1},
    {"core/virtual.js", file23, sizeof file23 - 1},
    {"core/writes.js", file24, sizeof file24 - 1},
    {"index.html", file25, sizeof file25 - 1},
    {"main.js", file26, sizeof file26 - 1},
    {"mark.svg", file27, sizeof file27 - 1},
    {"parts.css", file28, sizeof file28 - 1},
    {"proof/bytes.js", file29, sizeof file29 - 1},
    {"proof/cbor.js", file30, sizeof file30 - 1},
    {"proof/changeset.js", file31, sizeof file31 - 1},
    {"proof/check.js", file32, sizeof file32 - 1},
    {"proof/cose.js", file33, sizeof file33 - 1},
    {"proof/der.js", file34, sizeof file34 - 1},
    {"proof/keys.js", file35, sizeof file35 - 1},
    {"proof/notes.js", file36, sizeof file36 - 1},
    {"proof/selector.js", file37, sizeof file37 - 1},
    {"proof/sign.js", file38, sizeof file38 - 1},
    {"proof/signing.js", file39, sizeof file39 - 1},
    {"proof/standing.js", file40, sizeof file40 - 1},
    {"proof/text.en.json", file41, sizeof file41 - 1},
    {"proof/text.zh.json", file42, sizeof file42 - 1},
    {"proof/words.js", file43, sizeof file43 - 1},
    {"proof/x509.js", file44, sizeof file44 - 1},
    {"screens/conflicts.js", file45, sizeof file45 - 1},
    {"screens/dataset.js", file46, sizeof file46 - 1},
    {"screens/history.js", file47, sizeof file47 - 1},
    {"screens/home.js", file48, sizeof file48 - 1},
    {"screens/item.js", file49, sizeof file49 - 1},
    {"screens/items.js", file50, sizeof file50 - 1},
    {"screens/label.js", file51, sizeof file51 - 1},
    {"screens/me.js", file52, sizeof file52 - 1},
    {"screens/partners.js", file53, sizeof file53 - 1},
    {"screens/quality.js", file54, sizeof file54 - 1},
    {"screens/releases.js", file55, sizeof file55 - 1},
    {"screens/setup.js", file56, sizeof file56 - 1},
    {"text.en.json", file57, sizeof file57 - 1},
    {"text.zh.json", file58, sizeof file58 - 1},
    {"view.css", file59, sizeof file59 - 1},
    {"view/base.js", file60, sizeof file60 - 1},
    {"view/beside.js", file61, sizeof file61 - 1},
    {"view/brush.js", file62, sizeof file62 - 1},
    {"view/choose.js", file63, sizeof file63 - 1},
    {"view/cloud.js", file64, sizeof file64 - 1},
    {"view/clouds.js", file65, sizeof file65 - 1},
    {"view/fft.worker.js", file66, sizeof file66 - 1},
    {"view/geometry.js", file67, sizeof file67 - 1},
    {"view/gl.js", file68, sizeof file68 - 1},
    {"view/graph.js", file69, sizeof file69 - 1},
    {"view/index.js", file70, sizeof file70 - 1},
    {"view/later.js", file71, sizeof file71 - 1},
    {"view/mask.js", file72, sizeof file72 - 1},
    {"view/paint.js", file73, sizeof file73 - 1},
    {"view/picture.js", file74, sizeof file74 - 1},
    {"view/pictures.js", file75, sizeof file75 - 1},
    {"view/pixels.js", file76, sizeof file76 - 1},
    {"view/plot.js", file77, sizeof file77 - 1},
    {"view/preference.js", file78, sizeof file78 - 1},
    {"view/pyramid.js", file79, sizeof file79 - 1},
    {"view/rest.js", file80, sizeof file80 - 1},
    {"view/series.js", file81, sizeof file81 - 1},
    {"view/series.worker.js", file82, sizeof file82 - 1},
    {"view/sound.js", file83, sizeof file83 - 1},
    {"view/table.js", file84, sizeof file84 - 1},
    {"view/tools.js", file85, sizeof file85 - 1},
    {"view/vectors.js", file86, sizeof file86 - 1},
    {"view/words.js", file87, sizeof file87 - 1},
};
const size_t cm_page_file_count = 88;

static const unsigned char description[] = {
#embed "openapi.json"
};
const unsigned char *cm_page_description(void) { return description; }
const size_t cm_page_description_count = sizeof description;
