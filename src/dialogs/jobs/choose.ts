import { InputDialog } from '@jupyterlab/apputils';

import { IJob } from '../../api/jobTypes';
import { ApiError } from '../../api/request';
import { jobState } from '../../jobs/words';
import { IModelArtsNb } from '../../tokens';

/**
 * The job that a command is about, of those that fit: the named one, else the user is asked.
 *
 * @param named - an id or a name.
 * @param none - what to say where none fits.
 * @returns undefined when the user chose none.
 * @throws ApiError where there is none to choose.
 */
export async function chooseJob(
  nb: IModelArtsNb,
  named: string | undefined,
  fits: (job: IJob) => boolean,
  none: string
): Promise<IJob | undefined> {
  const { jobs, trans } = nb;
  if (named) {
    const known = jobs.list?.find(job => job.id === named);
    return known ?? jobs.client.job(named);
  }
  await jobs.refresh();
  if (jobs.error) {
    throw jobs.error;
  }
  const all = (jobs.list ?? []).filter(fits);
  if (!all.length) {
    throw new ApiError(
      {
        code: 'no_job',
        message: none,
        hint: trans.__('ma job submit begins one; docs/jobs.md says how.')
      },
      404
    );
  }
  if (all.length === 1) {
    return all[0];
  }
  const labels = all.map(
    job => `${job.name} · ${jobState(job.phase, trans)} · ${job.id.slice(0, 8)}`
  );
  const answer = await InputDialog.getItem({
    title: trans.__('Which job?'),
    items: labels
  });
  return answer.button.accept
    ? all[labels.indexOf(answer.value ?? '')]
    : undefined;
}
