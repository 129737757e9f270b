import React from 'react';

export interface IRoving {
  /** The key of the row that Tab reaches. */
  current: string | null;
  onKeyDown: (event: React.KeyboardEvent<HTMLElement>) => void;
  onFocus: (event: React.FocusEvent<HTMLElement>) => void;
}

/**
 * One tab stop for a list: arrow keys, Home and End walk the elements that
 * carry `data-row`; arrow right and left walk the buttons within one.
 *
 * @param keys - the rows' keys in the order they are shown.
 */
export function useRoving(keys: readonly string[]): IRoving {
  const [wanted, setWanted] = React.useState<string | null>(null);
  const current =
    wanted !== null && keys.includes(wanted) ? wanted : (keys[0] ?? null);

  const onFocus = React.useCallback((event: React.FocusEvent<HTMLElement>) => {
    const row = (event.target as HTMLElement).closest<HTMLElement>(
      '[data-row]'
    );
    if (row) {
      setWanted(row.dataset.row ?? null);
    }
  }, []);

  const onKeyDown = React.useCallback(
    (event: React.KeyboardEvent<HTMLElement>) => {
      const list = event.currentTarget;
      const target = event.target as HTMLElement;
      const row = target.closest<HTMLElement>('[data-row]');
      if (!row || target.closest('input, textarea, select')) {
        return;
      }
      const rows = [...list.querySelectorAll<HTMLElement>('[data-row]')];
      const at = rows.indexOf(row);
      const inside = [row, ...row.querySelectorAll<HTMLElement>('button')];
      const within = inside.indexOf(target);
      const next: { [key: string]: HTMLElement | undefined } = {
        ArrowDown: rows[at + 1],
        ArrowUp: rows[at - 1],
        Home: rows[0],
        End: rows[rows.length - 1],
        ArrowRight: inside[within + 1],
        ArrowLeft: inside[within - 1]
      };
      if (event.key in next) {
        event.preventDefault();
        next[event.key]?.focus();
      }
    },
    []
  );
  return { current, onKeyDown, onFocus };
}
