import { CommandRegistry } from '@lumino/commands';

import { asApiError } from '../api/request';
import { argsOf } from '../commands';
import { showError } from '../dialogs/form';
import { IModelArtsNb } from '../tokens';

/** What a command is called, always or by its arguments. */
export type Label<T> = string | ((args: T) => string);

/** How commands are added: `act` does what the command is for. */
export type AddCommand = <T>(
  id: string,
  label: Label<T>,
  act: (args: T) => Promise<unknown>
) => void;

/** Show why an action did not start. */
export async function tell(nb: IModelArtsNb, reason: unknown): Promise<void> {
  await showError(asApiError(reason), nb.trans);
}

/** Adds commands that tell what goes wrong. */
export function commandsOf(
  registry: CommandRegistry,
  nb: IModelArtsNb
): AddCommand {
  return <T>(
    id: string,
    label: Label<T>,
    act: (args: T) => Promise<unknown>
  ): void => {
    registry.addCommand(id, {
      label: typeof label === 'string' ? label : args => label(argsOf<T>(args)),
      execute: async args => {
        try {
          return await act(argsOf<T>(args));
        } catch (reason) {
          await tell(nb, reason);
        }
      }
    });
  };
}
