import { CommandIDs } from '../commands';
import { commandPlugin } from './commandPlugin';
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
  CommandIDs.showHookCommand,
  CommandIDs.restoreNow
];

/** Every action as a command, the ones for people in the palette too. */
export const commands = commandPlugin(
  'modelarts_nb:commands',
  'Adds every action as a command.',
  (app, nb, offer) => {
    addEnvironmentCommands(app.commands, nb);
    addWorkCommands(app.commands, nb);
    for (const command of IN_PALETTE) {
      offer(command);
    }
  }
);
