import { CommandRegistry } from '@lumino/commands';
import { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { ISignal } from '@lumino/signaling';
import React from 'react';

import { IModelArtsNb } from '../tokens';

/** What every part of the panel works with. */
export interface IPanel extends IModelArtsNb {
  readonly commands: CommandRegistry;
}

const Context = React.createContext<IPanel | null>(null);

export const PanelProvider = Context.Provider;

/** The panel's models, translations and commands. */
export function usePanel(): IPanel {
  const panel = React.useContext(Context);
  if (!panel) {
    throw new Error('Drawn outside of a PanelProvider.');
  }
  return panel;
}

/** Run one of our commands; the command itself tells what goes wrong. */
export function useRun(): (
  command: string,
  args?: ReadonlyPartialJSONObject
) => void {
  const { commands } = usePanel();
  return React.useCallback(
    (command, args) => void commands.execute(command, args),
    [commands]
  );
}

/** Draw again when a signal says so, with what `read` returns then. */
export function useSignal<S, T>(signal: ISignal<S, unknown>, read: () => T): T {
  const [value, setValue] = React.useState(read);
  const latest = React.useRef(read);
  latest.current = read;
  React.useEffect(() => {
    const listen = () => setValue(() => latest.current());
    // Something may have happened between the first drawing and now.
    listen();
    signal.connect(listen);
    return () => {
      signal.disconnect(listen);
    };
  }, [signal]);
  return value;
}
