import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { IModelArtsNb } from '../tokens';

/** The palette's heading over our commands. */
const CATEGORY = 'ModelArts NB';

/**
 * A plugin that only adds commands.
 *
 * @param addAll - adds them; `offer` puts one of them into the palette, where there is one.
 */
export function commandPlugin(
  id: string,
  description: string,
  addAll: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    offer: (command: string) => void
  ) => void
): JupyterFrontEndPlugin<void> {
  return {
    id,
    description,
    autoStart: true,
    requires: [IModelArtsNb],
    optional: [ICommandPalette],
    activate: (
      app: JupyterFrontEnd,
      nb: IModelArtsNb,
      palette: ICommandPalette | null
    ) =>
      addAll(
        app,
        nb,
        command => void palette?.addItem({ command, category: CATEGORY })
      )
  };
}
