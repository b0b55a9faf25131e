/** Boxes around faces, over a mirrored preview. */

export class FaceOverlay {
  #layer;
  #tone = "waiting";

  /** @param {HTMLElement} layer lies exactly over the picture */
  constructor(layer) {
    this.#layer = layer;
  }

  /** @param {string} tone the state whose colour the boxes take */
  set tone(tone) {
    this.#tone = tone;
    for (const box of this.#layer.children) /** @type {HTMLElement} */ (box).dataset.state = tone;
  }

  /** @param {number[][]} boxes x, y, width, height as fractions of the unmirrored picture */
  show(boxes) {
    const layer = this.#layer;
    while (layer.children.length > boxes.length) layer.lastElementChild?.remove();
    while (layer.children.length < boxes.length) layer.append(this.#makeBox());
    boxes.forEach(([x, y, w, h], i) => {
      const { style } = /** @type {HTMLElement} */ (layer.children[i]);
      style.left = percent(1 - x - w);
      style.top = percent(y);
      style.width = percent(w);
      style.height = percent(h);
    });
  }

  #makeBox() {
    const box = document.createElement("div");
    box.className = "face-box";
    box.dataset.testid = "face-box";
    box.dataset.state = this.#tone;
    return box;
  }
}

const percent = (fraction) => `${(100 * fraction).toFixed(2)}%`;
