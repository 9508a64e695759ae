/** One line beside the pointer; what it says is also in the details that a click or Enter opens. */

import { h } from './dom';

const GAP_PX = 14;

export class Tooltip {
  readonly element = h('div', { class: 'tooltip', 'aria-hidden': 'true', hidden: true });

  show(at: { text: string; x: number; y: number } | null): void {
    this.element.hidden = at === null || at.text === '';
    if (!at) return;
    this.element.textContent = at.text;
    const room = this.element.parentElement?.clientWidth ?? 0;
    const x = Math.min(at.x + GAP_PX, room - this.element.offsetWidth - GAP_PX);
    this.element.style.transform = `translate(${x}px, ${at.y + GAP_PX}px)`;
  }
}
