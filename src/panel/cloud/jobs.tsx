import React from 'react';

import { IJob } from '../../api/jobTypes';
import { UNREACHABLE } from '../../api/request';
import { CommandIDs } from '../../commands';
import {
  hasEnded,
  jobDot,
  jobState,
  RUNNING,
  whyNoShell
} from '../../jobs/words';
import { usePanel, useRun, useSignal } from '../context';
import { Failed } from '../failed';
import { Entry } from '../menu';
import { useRoving } from '../roving';
import { IFold, Section } from '../section';
import { Reading } from './parts';
import { CloudRow } from './row';
import { Lines } from './teaching';

/** Training jobs, and a shell in the running ones. */
export function JobsSection(props: IFold): React.ReactElement {
  const { open, onToggle } = props;
  const { jobs, trans, format } = usePanel();
  const { list, older, error } = useSignal(jobs.changed, () => ({
    list: jobs.list,
    older: jobs.older,
    error: jobs.error
  }));
  const all = list ?? [];
  const roving = useRoving(all.map(job => job.id));
  const running = all.filter(job => job.phase === RUNNING).length;
  return (
    <Section
      id="jobs"
      title={trans.__('Jobs')}
      count={all.length || undefined}
      summary={
        running ? trans._n('%1 running', '%1 running', running) : undefined
      }
      open={open}
      onToggle={onToggle}
    >
      {!list && !error && <Reading />}
      {list?.length === 0 && <Nothing />}
      {all.length > 0 && (
        <ul
          className="ma-List"
          aria-label={trans.__('Training jobs')}
          onKeyDown={roving.onKeyDown}
          onFocus={roving.onFocus}
        >
          {all.map(job => (
            <Row key={job.id} job={job} current={job.id === roving.current} />
          ))}
        </ul>
      )}
      {older && (
        <p className="ma-Pad ma-muted">
          {trans.__('The newest %1 jobs.', format.count(all.length))}{' '}
          <button
            type="button"
            className="ma-Button ma-link"
            onClick={() => void jobs.readBack()}
          >
            {trans.__('Older ones')}
          </button>
        </p>
      )}
      {/* The panel itself says that Jupyter does not answer. */}
      {error && error.code !== UNREACHABLE && (
        <Failed errors={[error]} onRetry={() => void jobs.refresh()} />
      )}
    </Section>
  );
}

function Row(props: { job: IJob; current: boolean }): React.ReactElement {
  const { job, current } = props;
  const { trans, format } = usePanel();
  const run = useRun();
  const state = jobState(job.phase, trans);
  const about = { job: job.id };
  const open = job.phase === RUNNING;
  const ended = job.tasks.find(task => task.exit_code);
  return (
    <CloudRow
      id={job.id}
      name={job.name}
      dot={jobDot(job)}
      state={state}
      fact={job.seconds === null ? '' : format.duration(job.seconds)}
      more={[
        ended
          ? trans.__('%1, exit code %2', state, String(ended.exit_code))
          : state,
        trans._n('%1 task', '%1 tasks', job.tasks.length || (job.nodes ?? 1)),
        job.pool?.name ?? trans.__('public pool')
      ].join(' · ')}
      hover={[
        job.id,
        job.image,
        job.command,
        job.created && format.exact(job.created),
        whyNoShell(job, trans)
      ]
        .filter(Boolean)
        .join('\n')}
      current={current}
      primary={
        open
          ? {
              label: trans.__('Shell'),
              run: () => run(CommandIDs.openShell, about),
              stays: true
            }
          : {
              label: trans.__('Log'),
              run: () => run(CommandIDs.showJobLog, about)
            }
      }
      menu={menuOf(job)}
    />
  );
}

function menuOf(job: IJob): Entry[] {
  const about = { job: job.id };
  const tasks = job.tasks.map(task => task.name);
  const shells: Entry[] =
    job.phase === RUNNING
      ? [
          ...(tasks.length > 1 && tasks.length <= 8
            ? tasks.map((task): Entry => [
                CommandIDs.openShell,
                { ...about, task }
              ])
            : ([[CommandIDs.openShell, about]] as Entry[])),
          ...(tasks.length > 1
            ? ([
                [CommandIDs.openShell, { ...about, allTasks: true }]
              ] as Entry[])
            : []),
          null
        ]
      : [];
  const stops: Entry[] = hasEnded(job)
    ? []
    : [null, [CommandIDs.stopJob, about]];
  return [
    ...shells,
    [CommandIDs.showJobLog, about],
    [CommandIDs.showJob, about],
    ...stops
  ];
}

/** No job: what one would bring, and how. */
function Nothing(): React.ReactElement {
  const { trans } = usePanel();
  return (
    <div className="ma-Empty">
      <p>
        {trans.__(
          'There is no training job. A running one is listed here, with a shell in its containers, its log and its end. To be entered later, it is submitted with an SSH key pair of yours:'
        )}
      </p>
      <Lines text="ma job submit job.yaml" trans={trans} />
    </div>
  );
}
