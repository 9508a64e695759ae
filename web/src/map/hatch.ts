/** The look of what is not measured: thin grey diagonals, as an image for the map. */

export interface PatternImage {
  width: number;
  height: number;
  data: Uint8Array;
}

/** White dots, for what is predicted. */
export function dots(size = 7): PatternImage {
  const data = new Uint8Array(size * size * 4);
  for (const [x, y] of [[1, 1], [2, 1], [1, 2], [2, 2]] as const) {
    data.set([255, 255, 255, 235], (y * size + x) * 4);
  }
  return { width: size, height: size, data };
}

/** Diagonal lines, `size` pixels apart, that join up when the image is tiled. */
export function hatch(size = 8, thickness = 2): PatternImage {
  const data = new Uint8Array(size * size * 4);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const on = (x + y) % size < thickness;
      data.set(on ? [122, 131, 139, 200] : [200, 206, 211, 90], (y * size + x) * 4);
    }
  }
  return { width: size, height: size, data };
}
