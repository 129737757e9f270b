/** JSON without what changes by itself from second to second. */
export function stable(value: unknown): string {
  return JSON.stringify(value, (key, item: unknown) =>
    key === 'remaining' ? undefined : item
  );
}

/** Keep the old object of every value that is unchanged, so its row is not drawn again. */
export function keepSame<T>(old: readonly T[] | null, next: readonly T[]): T[] {
  const known = new Map((old ?? []).map(value => [stable(value), value]));
  return next.map(value => known.get(stable(value)) ?? value);
}
