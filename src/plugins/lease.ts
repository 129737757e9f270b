import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ISettingRegistry } from '@jupyterlab/settingregistry';

import { HOURS, ILeaseTeller, LeaseKeeper } from '../cloud/keeper';
import { CommandIDs } from '../commands';
import { IModelArtsNb } from '../tokens';

const ID = 'modelarts_nb:lease';
const SETTING = 'keepAlive';
/** How long good news is shown, in ms. */
const SHOWN = 15_000;

/** Before the lease runs out: ask, or extend it, as the setting says. */
export const lease: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'Tells before the notebook stops by itself, and extends it.',
  autoStart: true,
  requires: [IModelArtsNb],
  optional: [ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    nb: IModelArtsNb,
    registry: ISettingRegistry | null
  ) => {
    const { cloud, operations, keepAlive } = nb;
    void registry
      ?.load(ID)
      .then(settings => {
        const read = () => keepAlive.read(settings.get(SETTING).composite);
        read();
        settings.changed.connect(read);
        keepAlive.keepBy(mode => settings.set(SETTING, mode));
      })
      // Without settings the user is asked, as if nothing had been chosen.
      .catch(() => undefined);
    const keeper = new LeaseKeeper({
      cloud,
      operations,
      preference: keepAlive,
      busy: () =>
        [...app.serviceManager.kernels.running()].some(
          kernel => kernel.execution_state === 'busy'
        ),
      teller: teller(app, nb)
    });
    cloud.changed.connect(() => void keeper.look());
  }
};

function teller(app: JupyterFrontEnd, nb: IModelArtsNb): ILeaseTeller {
  const { trans, format } = nb;
  const { commands } = app;
  let shown = '';
  const at = (seconds: number) =>
    format.day(new Date(Date.now() + seconds * 1000).toISOString());
  return {
    warn: left => {
      shown = Notification.warning(
        trans.__(
          'This notebook stops by itself in %1 (%2).',
          format.duration(Math.max(60, left)),
          at(left)
        ),
        {
          autoClose: false,
          actions: [
            {
              label: trans.__('Extend %1 h', HOURS),
              displayType: 'accent',
              callback: () =>
                void commands.execute(CommandIDs.keepAlive, { hours: HOURS })
            },
            {
              label: trans.__('More…'),
              callback: () => void commands.execute(CommandIDs.keepAlive)
            }
          ]
        }
      );
    },
    calm: () => {
      if (shown) {
        Notification.dismiss(shown);
        shown = '';
      }
    },
    extended: left => {
      Notification.info(
        trans.__(
          'A kernel is busy, so this notebook was extended: it goes on until %1.',
          at(left)
        ),
        { autoClose: SHOWN }
      );
    }
  };
}
