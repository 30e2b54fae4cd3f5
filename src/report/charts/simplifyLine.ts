/** A point of a chart, in its picture's units. */
export type ChartPoint = readonly [x: number, y: number];

/**
 * A line with fewer points that looks the same: none of those left out lies further
 * than `tolerance` from it (Ramer 1972; Douglas and Peucker 1973).
 */
export function simplifyLine(
  points: readonly ChartPoint[],
  tolerance: number,
): ChartPoint[] {
  if (points.length <= 2) return [...points];
  const kept = new Uint8Array(points.length);
  kept[0] = kept[points.length - 1] = 1;
  const open: [from: number, to: number][] = [[0, points.length - 1]];
  for (let range = open.pop(); range; range = open.pop()) {
    const [from, to] = range;
    let farthest = -1;
    let most = tolerance;
    for (let i = from + 1; i < to; i++) {
      const distance = distanceToSegment(points[i], points[from], points[to]);
      if (distance > most) {
        most = distance;
        farthest = i;
      }
    }
    if (farthest < 0) continue;
    kept[farthest] = 1;
    open.push([from, farthest], [farthest, to]);
  }
  return points.filter((_, i) => kept[i] === 1);
}

function distanceToSegment(
  [x, y]: ChartPoint,
  [x1, y1]: ChartPoint,
  [x2, y2]: ChartPoint,
): number {
  const dx = x2 - x1;
  const dy = y2 - y1;
  const length = dx * dx + dy * dy;
  const part = length === 0 ? 0 : ((x - x1) * dx + (y - y1) * dy) / length;
  const t = Math.min(1, Math.max(0, part));
  return Math.hypot(x - x1 - t * dx, y - y1 - t * dy);
}
