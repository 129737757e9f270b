import { JupyterFrontEndPlugin } from '@jupyterlab/application';

import { commands } from './plugins/commands';
import { core } from './plugins/core';
import { fileBrowser } from './plugins/fileBrowser';
import { jobs } from './plugins/jobs';
import { launcher } from './plugins/launcher';
import { lease } from './plugins/lease';
import { missingKernel } from './plugins/missingKernel';
import { notebook } from './plugins/notebook';
import { notifications } from './plugins/notifications';
import { panel } from './plugins/panel';
import { sealed } from './plugins/sealed';
import { sealedKernels } from './plugins/sealedKernels';
import { shell } from './plugins/shell';
import { ssh } from './plugins/ssh';
import { statusBar } from './plugins/statusBar';
import { storage } from './plugins/storage';

export { IModelArtsNb } from './tokens';

const plugins: JupyterFrontEndPlugin<unknown>[] = [
  core,
  commands,
  panel,
  notifications,
  statusBar,
  launcher,
  missingKernel,
  fileBrowser,
  sealed,
  sealedKernels,
  notebook,
  lease,
  storage,
  ssh,
  jobs,
  shell
];

export default plugins;
