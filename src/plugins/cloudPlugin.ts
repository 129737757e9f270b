import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { showTeaching } from '../dialogs/cloud/teaching';
import { IModelArtsNb } from '../tokens';
import { AddCommand, commandsOf, Label } from './addCommand';
import { commandPlugin } from './commandPlugin';

/**
 * A plugin of commands that need the cloud, all in the palette: where there is no account they
 * teach.
 */
export function cloudPlugin(
  id: string,
  description: string,
  addAll: (add: AddCommand, nb: IModelArtsNb, app: JupyterFrontEnd) => void
): JupyterFrontEndPlugin<void> {
  return commandPlugin(id, description, (app, nb, offer) => {
    const add = commandsOf(app.commands, nb);
    addAll(
      <T>(
        command: string,
        label: Label<T>,
        act: (args: T) => Promise<unknown>
      ) => {
        add<T>(command, label, args =>
          nb.cloud.absent ? showTeaching(nb) : act(args)
        );
        offer(command);
      },
      nb,
      app
    );
  });
}
