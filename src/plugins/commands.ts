import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';

import { CommandIDs } from '../commands';
import { IModelArtsNb } from '../tokens';
import { addEnvironmentCommands } from './environmentCommands';
import { addWorkCommands } from './workCommands';

const IN_PALETTE = [
  CommandIDs.createEnvironment,
  CommandIDs.cloneEnvironment,
  CommandIDs.keepAll,
  CommandIDs.packEnvironment,
  CommandIDs.unpackArchive,
  CommandIDs.renameEnvironment,
  CommandIDs.removeEnvironment,
  CommandIDs.registerKernel,
  CommandIDs.unregisterKernel,
  CommandIDs.installPackages,
  CommandIDs.showPackages,
  CommandIDs.exportEnvironment,
  CommandIDs.checkEnvironment,
  CommandIDs.openNotebook,
  CommandIDs.openConsole,
  CommandIDs.emptyBin,
  CommandIDs.installHook,
  CommandIDs.restoreNow
];

/** Every action as a command, the ones for people in the palette too. */
export const commands: JupyterFrontEndPlugin<void> = {
  id: 'modelarts_nb:commands',
  description: 'Adds every action as a command.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [ICommandPalette],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    palette: ICommandPalette | null
  ) => {
    addEnvironmentCommands(app.commands, nb);
    addWorkCommands(app.commands, nb);
    for (const command of IN_PALETTE) {
      palette?.addItem({ command, category: 'ModelArts NB' });
    }
  }
};
