/** Whether the page has a phone's width: the style sheet draws the same line. */

export function isNarrow(): boolean {
  return matchMedia('(max-width: 760px)').matches;
}
