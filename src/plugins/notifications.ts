import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

import { notifyOperations } from '../operations/notifications';
import { IModelArtsNb } from '../tokens';

/** Tells what begins and how it ends, wherever the user is. */
export const notifications: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:notifications',
  description: 'Notifies of operations.',
  autoStart: true,
  requires: [IModelArtsNb],
  activate: (app: JupyterFrontEnd, nb: IModelArtsNb) =>
    notifyOperations(nb, app.commands)
};
