import React from 'react';

import { usePanel } from './context';
import { Entry, openMenu } from './menu';

interface IRowActions {
  /** What Enter does. */
  primary?: () => void;
  /** What the context menu offers; without entries the browser's own is left. */
  entries: readonly Entry[];
}

/** What an element that is a row listens to. */
export interface IRowListeners {
  ref: React.RefObject<HTMLLIElement>;
  onKeyDown: (event: React.KeyboardEvent<HTMLElement>) => void;
  onContextMenu: (event: React.MouseEvent<HTMLElement>) => void;
}

/**
 * What can be done with a row without aiming at its buttons: Enter for the
 * first, a right click, the menu key or Shift+F10 for the others.
 */
export function useRowActions(actions: IRowActions): IRowListeners {
  const { primary, entries } = actions;
  const { commands } = usePanel();
  const ref = React.useRef<HTMLLIElement>(null);
  const menuAt = (event: React.SyntheticEvent, x: number, y: number) => {
    if (entries.length) {
      event.preventDefault();
      event.stopPropagation();
      openMenu(commands, entries, x, y, ref.current);
    }
  };
  return {
    ref,
    onKeyDown: event => {
      // Keys pressed on a button within the row are the button's.
      if (event.target !== event.currentTarget) {
        return;
      }
      if (event.key === 'Enter' && primary) {
        event.preventDefault();
        primary();
      } else if (
        event.key === 'ContextMenu' ||
        (event.key === 'F10' && event.shiftKey)
      ) {
        const box = event.currentTarget.getBoundingClientRect();
        menuAt(event, box.left + 16, box.bottom);
      }
    },
    onContextMenu: event => menuAt(event, event.clientX, event.clientY)
  };
}
