// Memories inside one another, with arrows for what crosses between them, as
// costmodel/report/painter/levels.py draws them.
"use strict";

const [FAINT_BOX, HEAD] = [0.08, 0.014];

CHARTS.levels = (chart) => ({
  height: 380,
  paint: (pen) => {
    const [wide, high] = [pen.width - 110, pen.height - 8];
    const spot = (x, y) => [x * wide, y * high];
    for (const box of chart.boxes) {
      const place = [...spot(box.left, box.top), box.wide * wide, box.high * high];
      pen.box(...place, "paper");
      pen.c.globalAlpha = FAINT_BOX;
      pen.box(...place, box.hue);
      pen.c.globalAlpha = 1;
      pen.c.strokeStyle = pen.colour(box.hue);
      pen.c.lineWidth = 1.5;
      pen.c.strokeRect(...place);
      const room = box.wide * wide - 16;
      pen.fitted(box.name, place[0] + 8, place[1] + 13, room);
      pen.fitted(box.under, place[0] + 8, place[1] + 29, room, { colour: "faint" });
    }
    const stated = chart.arrows.map(({ value }) => value).filter((value) => value !== null);
    const shade = stated.length === chart.arrows.length ? shades(stated) : null;
    for (const arrow of chart.arrows.filter(({ thick }) => thick)) {
      pen.c.fillStyle = shade ? shade.of(arrow.value) : pen.colour("transfer");
      pen.path(outline(arrow).map(([x, y]) => spot(x, y)));
      pen.c.fill();
      pen.c.strokeStyle = pen.colour("edge");
      pen.c.lineWidth = 1;
      pen.c.stroke();
    }
    for (const { left, top, lines } of chart.texts) {
      lines.forEach((words, n) => pen.text(words, left * wide, top * high + 8 + 16 * n, { colour: n ? "faint" : "ink" }));
    }
    if (shade) shadeKey(pen, shade, chart.unit, chart.label);
  },
});

// The corners of an arrow: its shaft, and a head that is wider.
function outline({ from, to, thick, middle }) {
  const neck = to - Math.sign(to - from) * HEAD;
  const above = [[from, middle - thick / 2], [neck, middle - thick / 2], [neck, middle - thick / 2 - 0.012]];
  const below = above.map(([x, y]) => [x, 2 * middle - y]).reverse();
  return [...above, [to, middle], ...below, above[0]];
}
