import { CommandIDs, IJobArgs } from '../commands';
import { confirmed } from '../dialogs/confirm';
import { chooseJob } from '../dialogs/jobs/choose';
import { showJob } from '../dialogs/jobs/details';
import { showJobLog } from '../dialogs/jobs/log';
import { hasEnded } from '../jobs/words';
import { cloudPlugin } from './cloudPlugin';

/** Training jobs: what they say, what they are, and their end. */
export const jobs = cloudPlugin(
  'modelarts_nb:jobs',
  'Adds commands about training jobs.',
  (add, nb) => {
    const { operations, trans } = nb;
    const none = trans.__('There is no training job.');

    add<IJobArgs>(
      CommandIDs.showJobLog,
      ({ job }) => (job ? trans.__('Log') : trans.__('Log of a Job…')),
      async ({ job }) => {
        const chosen = await chooseJob(nb, job, () => true, none);
        return chosen && showJobLog(nb, chosen);
      }
    );
    add<IJobArgs>(
      CommandIDs.showJob,
      ({ job }) => (job ? trans.__('Details') : trans.__('Details of a Job…')),
      async ({ job }) => {
        const chosen = await chooseJob(nb, job, () => true, none);
        return chosen && showJob(nb, chosen);
      }
    );
    add<IJobArgs>(
      CommandIDs.stopJob,
      ({ job }) => (job ? trans.__('Stop…') : trans.__('Stop a Job…')),
      async ({ job }) => {
        const chosen = await chooseJob(
          nb,
          job,
          item => !hasEnded(item),
          trans.__('No training job runs.')
        );
        const sure =
          chosen &&
          (await confirmed({
            title: trans.__('Stop %1?', chosen.name),
            lines: [
              trans.__(
                'Its processes end, every shell in it too. What was not written to an output or a mounted folder is lost.'
              )
            ],
            accept: trans.__('Stop'),
            danger: true,
            trans
          }));
        return sure && operations.start('job.stop', { job: chosen.name });
      }
    );
  }
);
