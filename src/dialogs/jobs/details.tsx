import React from 'react';

import { IJob, IJobEvent } from '../../api/jobTypes';
import { jobState, whyNoShell } from '../../jobs/words';
import { IModelArtsNb } from '../../tokens';
import { show } from '../form';
import { Loaded } from '../loaded';

/** Events that are shown; the newest are enough to see what happens. */
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
          nb.jobs.client.events(job.id).catch(() => [])
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
  const facts: [string, string][] = [
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
    [trans.__('Shell'), whyNoShell(job, trans)]
  ];
  return (
    <>
      <dl className="ma-Facts">
        {facts
          .filter(([, value]) => value)
          .map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </React.Fragment>
          ))}
      </dl>
      {job.tasks.length > 0 && (
        <ul className="ma-Facts-list" aria-label={trans.__('Tasks')}>
          {job.tasks.map(task => (
            <li key={task.name}>
              {[
                task.name,
                task.exit_code !== null
                  ? trans.__('exit code %1', String(task.exit_code))
                  : '',
                task.message
              ]
                .filter(Boolean)
                .join(' · ')}
            </li>
          ))}
        </ul>
      )}
      {events.length > 0 && (
        <>
          <h3>{trans.__('Events')}</h3>
          <ul className="ma-Facts-list" aria-label={trans.__('Events')}>
            {events.slice(0, EVENTS).map((event, at) => (
              <li key={at} title={event.time && format.exact(event.time)}>
                {event.message}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
