import { IEnvironment } from '../api/types';
import { CommandIDs } from '../commands';
import { showDetails } from '../dialogs/sealed/details';
import { askCollect } from '../dialogs/sealed/garbage';
import { chooseNewest } from '../dialogs/sealed/newest';
import { askOpen } from '../dialogs/sealed/open';
import { askSave, askSaveAll } from '../dialogs/sealed/save';
import { askSeal } from '../dialogs/sealed/seal';
import { showSources } from '../dialogs/sealed/sources';
import { askUndo } from '../dialogs/sealed/undo';
import { showVersions } from '../dialogs/sealed/versions';
import { hasNewer, isSealed } from '../sealed/state';
import {
  AboutEnvironment,
  aboutEnvironments,
  onDisk
} from './aboutEnvironment';
import { commandsOf } from './addCommand';
import { commandPlugin } from './commandPlugin';

/** Sealed environments: made and opened again, their versions, what is shared, what can go. */
export const sealed = commandPlugin(
  'modelarts_nb:sealed',
  'Adds commands about sealed environments and their versions.',
  (app, nb, offer) => {
    const { trans, operations } = nb;
    const add = commandsOf(app.commands, nb);

    const addAbout = aboutEnvironments(app.commands, nb);
    const about: AboutEnvironment = (id, ...rest) => {
      addAbout(id, ...rest);
      offer(id);
    };

    about(
      CommandIDs.sealEnvironment,
      trans.__('Seal Environment…'),
      item => onDisk(item) && !isSealed(item),
      item => askSeal(nb, item, kernelsOf(item))
    );
    about(
      CommandIDs.saveVersion,
      trans.__('Save as a Version…'),
      item => isSealed(item) && item.unsaved,
      item => askSave(nb, item)
    );
    about(
      CommandIDs.showVersions,
      trans.__('Versions…'),
      item => item.versions > 0,
      item => showVersions(nb, item)
    );
    about(
      CommandIDs.undoChange,
      trans.__('Undo the Last Change…'),
      onDisk,
      item => askUndo(nb, item)
    );
    about(CommandIDs.openAgain, trans.__('Open Again…'), isSealed, item =>
      askOpen(nb, item)
    );
    about(
      CommandIDs.chooseNewest,
      trans.__('Use the Newest Version'),
      hasNewer,
      item => chooseNewest(nb, item)
    );
    about(
      CommandIDs.fillEnvironment,
      trans.__('Copy to the Local Disk Now'),
      item => isSealed(item) && !item.filled,
      item => operations.start('env.fill', { name: item.name })
    );
    about(CommandIDs.showDetails, trans.__('Details…'), onDisk, item =>
      showDetails(nb, item)
    );
    add(CommandIDs.saveAll, trans.__('Save All Unsaved Environments…'), () =>
      askSaveAll(nb)
    );
    offer(CommandIDs.saveAll);
    add(CommandIDs.showSources, trans.__('Shared Environments…'), () =>
      showSources(nb)
    );
    offer(CommandIDs.showSources);
    add(CommandIDs.collectImages, trans.__('Free Unneeded Images…'), () =>
      askCollect(nb)
    );
    offer(CommandIDs.collectImages);

    function kernelsOf(environment: IEnvironment): number {
      return [...app.serviceManager.kernels.running()].filter(
        ({ name }) => name === environment.kernel_name
      ).length;
    }
  }
);
