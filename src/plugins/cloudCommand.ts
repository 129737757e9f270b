import { ICommandPalette } from '@jupyterlab/apputils';
import { CommandRegistry } from '@lumino/commands';

import { argsOf } from '../commands';
import { showTeaching } from '../dialogs/cloud/teaching';
import { IModelArtsNb } from '../tokens';
import { tell } from './environmentCommands';

/** How commands about the cloud are added. */
export type AddCommand = <T>(
  id: string,
  label: string,
  act: (args: T) => Promise<unknown>
) => void;

/**
 * Adds commands that need the cloud, in the palette too: where there is no account they teach,
 * and what goes wrong is told.
 */
export function cloudCommands(
  registry: CommandRegistry,
  palette: ICommandPalette | null,
  nb: IModelArtsNb
): AddCommand {
  return <T>(
    id: string,
    label: string,
    act: (args: T) => Promise<unknown>
  ): void => {
    registry.addCommand(id, {
      label,
      execute: async args => {
        try {
          return await (nb.cloud.absent
            ? showTeaching(nb)
            : act(argsOf<T>(args)));
        } catch (reason) {
          await tell(nb, reason);
        }
      }
    });
    palette?.addItem({ command: id, category: 'ModelArts NB' });
  };
}
