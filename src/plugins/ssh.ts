import {
  CommandIDs,
  IKeyArgs,
  INotebookArgs,
  ISetupSshArgs
} from '../commands';
import { notebookRef } from '../cloud/words';
import { chooseKey, chooseNotebook } from '../dialogs/cloud/choose';
import {
  askCreateKey,
  askDeleteKey,
  askImportKey,
  askUseKey
} from '../dialogs/cloud/keys';
import { showLaptop } from '../dialogs/cloud/laptop';
import { askKeepKey, askUnlock, lockKeys } from '../dialogs/cloud/passphrase';
import { showSshCheck } from '../dialogs/cloud/sshCheck';
import { askSetupSsh } from '../dialogs/cloud/sshSetup';
import { IModelArtsNb } from '../tokens';
import { AddCommand } from './addCommand';
import { cloudPlugin } from './cloudPlugin';

/** What took longer than this is told by a notification, not by a dialog that jumps up; in ms. */
const AT_ONCE = 15_000;

/** SSH into notebooks, key pairs, and what an editor on the laptop needs. */
export const ssh = cloudPlugin(
  'modelarts_nb:ssh',
  'Adds commands about SSH and key pairs.',
  (add, nb) => {
    const { cloud, operations, trans } = nb;
    /** The notebook to ask about: the named one, this one, else the user is asked. */
    const target = async (
      named: string | undefined
    ): Promise<{ notebook?: string } | undefined> => {
      if (named || cloud.view.status?.instance) {
        return { notebook: named };
      }
      const other = await chooseNotebook(nb, undefined, () => true);
      const { view } = cloud;
      return (
        other && {
          notebook: notebookRef(other, undefined, view.notebooks ?? [])
        }
      );
    };

    add<ISetupSshArgs>(
      CommandIDs.setupSsh,
      trans.__('Set up SSH…'),
      async args => {
        const begun = await askSetupSsh(nb, args);
        if (!begun) {
          return;
        }
        const started = Date.now();
        const ended = await operations.whenEnded(begun.id);
        const { notebook, key_file } = begun.params;
        if (ended.state === 'done' && Date.now() - started < AT_ONCE) {
          await showLaptop(
            nb,
            typeof notebook === 'string' ? notebook : undefined,
            typeof key_file === 'string' ? key_file : undefined
          );
        }
      }
    );
    add<INotebookArgs>(
      CommandIDs.showSsh,
      trans.__('SSH: What to Paste on the Laptop…'),
      async args => {
        const about = await target(args.notebook);
        return about && showLaptop(nb, about.notebook);
      }
    );
    add<INotebookArgs>(
      CommandIDs.checkSsh,
      trans.__('Check SSH…'),
      async args => {
        const about = await target(args.notebook);
        return about && showSshCheck(nb, about.notebook);
      }
    );
    add<INotebookArgs>(
      CommandIDs.forgetHost,
      trans.__('SSH: Forget the Host Key…'),
      async args => {
        const other = await chooseNotebook(nb, args.notebook, () => true);
        return (
          other &&
          operations.start('ssh.forget_host', {
            // Also of this very notebook, so it is named in any case.
            notebook: other.id
          })
        );
      }
    );
    add(
      CommandIDs.writeSshConfig,
      trans.__('SSH: Write ~/.ssh/config Here'),
      () => operations.start('ssh.config', {})
    );
    addKeyCommands(nb, add);
  }
);

function addKeyCommands(nb: IModelArtsNb, add: AddCommand): void {
  const { trans } = nb;
  add<IKeyArgs>(CommandIDs.createKey, trans.__('New Key Pair…'), ({ name }) =>
    askCreateKey(nb, name)
  );
  add(CommandIDs.importKey, trans.__('Import a Public Key…'), () =>
    askImportKey(nb)
  );
  add<IKeyArgs>(
    CommandIDs.useKey,
    trans.__('Use a Key Pair…'),
    async ({ name, notebook, restart }) => {
      const pair = await chooseKey(nb, name);
      return pair && askUseKey(nb, pair, { notebook, restart });
    }
  );
  add<IKeyArgs>(
    CommandIDs.deleteKey,
    trans.__('Delete a Key Pair…'),
    async ({ name }) => {
      const pair = await chooseKey(nb, name);
      return pair && askDeleteKey(nb, pair);
    }
  );
  add<IKeyArgs>(
    CommandIDs.keepKey,
    trans.__('Keep a Private Key on the Disk…'),
    async ({ name }) => {
      const pair = await chooseKey(nb, name, item =>
        item.private.includes('home')
      );
      return pair && askKeepKey(nb, pair);
    }
  );
  add<IKeyArgs>(CommandIDs.unlockKeys, trans.__('Unlock Keys…'), ({ name }) =>
    askUnlock(nb, name)
  );
  add(CommandIDs.lockKeys, trans.__('Lock Keys'), () => lockKeys(nb));
}
