import { CommandIDs, IFolderArgs, IMountArgs, IStorageArgs } from '../commands';
import { chooseStorage } from '../dialogs/cloud/choose';
import { askFolder, askQuota } from '../dialogs/cloud/folders';
import { askMount } from '../dialogs/cloud/mount';
import { confirmUnmount, showStorage } from '../dialogs/cloud/storage';
import { cloudPlugin } from './cloudPlugin';

/** What is mounted under /data, and folders of shares. */
export const storage = cloudPlugin(
  'modelarts_nb:storage',
  'Adds commands about storage under /data.',
  (add, nb) => {
    const { operations, trans } = nb;

    add<IMountArgs>(CommandIDs.mountStorage, trans.__('Mount Storage…'), args =>
      askMount(nb, args)
    );
    add<IStorageArgs>(
      CommandIDs.unmountStorage,
      trans.__('Unmount Storage…'),
      async ({ path }) => {
        const chosen = await chooseStorage(nb, path);
        return (
          chosen &&
          (await confirmUnmount(nb, chosen)) &&
          operations.start('storage.unmount', { storage: chosen.path })
        );
      }
    );
    add<IStorageArgs>(
      CommandIDs.showStorage,
      trans.__('Show and Measure Storage…'),
      async ({ path }) => {
        const chosen = await chooseStorage(nb, path);
        return chosen && showStorage(nb, chosen);
      }
    );
    add<IFolderArgs>(
      CommandIDs.createFolder,
      trans.__('New Folder on a Share…'),
      args => askFolder(nb, args)
    );
    add<IFolderArgs>(
      CommandIDs.setQuota,
      trans.__('Set a Folder’s Quota…'),
      args => askQuota(nb, args)
    );
  }
);
