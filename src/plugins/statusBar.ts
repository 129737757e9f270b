import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';

import { Ring } from '../operations/ring';
import { IModelArtsNb } from '../tokens';

/** The ring in the status bar. */
export const statusBar: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:status-bar',
  description: 'Shows running operations in the status bar.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [IStatusBar],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    bar: IStatusBar | null
  ) => {
    bar?.registerStatusItem('modelarts_nb:status-bar', {
      item: new Ring({ ...nb, commands: app.commands }),
      align: 'left',
      rank: 90
    });
  }
};
