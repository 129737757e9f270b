import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { commands } from './plugins/commands';
import { core } from './plugins/core';
import { fileBrowser } from './plugins/fileBrowser';
import { launcher } from './plugins/launcher';
import { missingKernel } from './plugins/missingKernel';
import { notifications } from './plugins/notifications';
import { panel } from './plugins/panel';
import { statusBar } from './plugins/statusBar';

export { IModelArtsNb } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  core,
  commands,
  panel,
  notifications,
  statusBar,
  launcher,
  missingKernel,
  fileBrowser
];

export default plugins;
