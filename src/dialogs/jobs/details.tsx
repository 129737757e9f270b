import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IJob, IJobEvent, IJobTask } from '../../api/jobTypes';
import { jobState, whyNoShell } from '../../jobs/words';
import { IModelArtsNb } from '../../tokens';
import { Fact, Facts } from '../facts';
import { show } from '../form';
import { Loaded } from '../loaded';

/** Events that are shown: the newest. */
const EVENTS = 20;

/** Everything that is known of one job. */
export async function showJob(nb: IModelArtsNb, job: IJob): Promise<void> {
  await show(
    job.name,
    <Loaded
      nb={nb}
      load={() =>
        Promise.all([
          nb.jobs.client.job(job.id),
          // A job is worth seeing without its events.
          nb.jobs.client.events(job.id, EVENTS).catch(() => [])
        ])
      }
    >
      {([found, events]) => <Details nb={nb} job={found} events={events} />}
    </Loaded>,
    nb.trans
  );
}

function Details(props: {
  nb: IModelArtsNb;
  job: IJob;
  events: IJobEvent[];
}): React.ReactElement {
  const { nb, job, events } = props;
  const { trans, format } = nb;
  const facts: Fact[] = [
    [trans.__('State'), jobState(job.phase, trans)],
    [trans.__('Id'), job.id],
    [trans.__('Begun'), job.started && format.exact(job.started)],
    [
      trans.__('Has run for'),
      job.seconds === null ? '' : format.duration(job.seconds)
    ],
    [trans.__('Pool'), job.pool?.name ?? trans.__('public pool')],
    [trans.__('Flavor'), job.flavor],
    [trans.__('Image'), job.image],
    [trans.__('Code'), job.code],
    [trans.__('Command'), job.command],
    [trans.__('Inputs'), job.inputs.join('\n')],
    [trans.__('Outputs'), job.outputs.join('\n')],
    [trans.__('Key pairs'), job.key_pairs.join(', ')],
    [trans.__('Tasks'), job.tasks.map(task => ended(task, trans)).join('\n')],
    [trans.__('Shell'), whyNoShell(job, trans)]
  ];
  return (
    <>
      <Facts facts={facts} />
      {events.length > 0 && (
        <>
          <h3 className="ma-Facts-title">{trans.__('Events')}</h3>
          <dl className="ma-Facts">
            {events.map((event, at) => (
              <React.Fragment key={at}>
                <dt>{event.time && format.exact(event.time)}</dt>
                <dd className={event.level === 'Error' ? 'ma-error' : ''}>
                  {event.message}
                </dd>
              </React.Fragment>
            ))}
          </dl>
        </>
      )}
    </>
  );
}

/** A task, and how it ended. */
function ended(task: IJobTask, trans: TranslationBundle): string {
  const { name, exit_code: code, message } = task;
  const words = code === null ? '' : trans.__('exit code %1', String(code));
  return [name, words, message].filter(Boolean).join(' · ');
}
