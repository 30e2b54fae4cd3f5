/** Options over defaults; what is undefined is as good as not given. */
export function withDefaults<D extends object, G extends object>(
  defaults: D,
  given: G,
): D & G {
  const result = { ...defaults } as Record<string, unknown>;
  for (const [name, value] of Object.entries(given)) {
    if (value !== undefined) result[name] = value;
  }
  return result as unknown as D & G;
}
