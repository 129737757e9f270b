import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import { IJob, IJobLine } from '../../api/jobTypes';
import { asApiError } from '../../api/request';
import { hasEnded } from '../../jobs/words';
import { IModelArtsNb } from '../../tokens';
import { CopyButton, ErrorBox } from '../error';
import { show } from '../form';

/** How often a log is read on, in ms, and how many lines are shown. */
const READ_ON = 2000;
const LINES = 500;

/** What a job's tasks print, growing while it runs. */
export async function showJobLog(nb: IModelArtsNb, job: IJob): Promise<void> {
  await show(
    nb.trans.__('Log of %1', job.name),
    <JobLog nb={nb} job={job} />,
    nb.trans
  );
}

/** The newest lines of one task. */
export function JobLog(props: {
  nb: IModelArtsNb;
  job: IJob;
}): React.ReactElement {
  const { nb, job } = props;
  const { trans } = nb;
  const tasks = job.tasks.map(task => task.name);
  const [task, setTask] = React.useState(tasks[0] ?? '');
  const [follow, setFollow] = React.useState(!hasEnded(job));
  const [lines, setLines] = React.useState<IJobLine[] | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const text = React.useRef<HTMLPreElement>(null);

  React.useEffect(() => {
    let timer = 0;
    let gone = false;
    const read = async () => {
      // Nobody sees it: it is read when somebody does.
      if (!document.hidden && task) {
        try {
          const found = await nb.jobs.client.logs(job.id, task, LINES);
          if (!gone) {
            setLines(found);
            setError(null);
          }
        } catch (reason) {
          if (!gone) {
            setError(reason);
          }
        }
      }
      if (follow && !gone) {
        timer = window.setTimeout(() => void read(), READ_ON);
      }
    };
    void read();
    return () => {
      gone = true;
      window.clearTimeout(timer);
    };
  }, [nb, job.id, task, follow]);

  React.useEffect(() => {
    if (follow) {
      text.current?.scrollTo({ top: text.current.scrollHeight });
    }
  }, [lines, follow]);

  const shown = (lines ?? []).map(line => line.text).join('\n');
  return (
    <div className="ma-Log">
      <div className="ma-Log-choice">
        {tasks.length > 1 && (
          <HTMLSelect
            aria-label={trans.__('Task')}
            value={task}
            onChange={event => {
              setLines(null);
              setTask(event.target.value);
            }}
          >
            {tasks.map(name => (
              <option key={name}>{name}</option>
            ))}
          </HTMLSelect>
        )}
        <label>
          <input
            type="checkbox"
            checked={follow}
            data-first=""
            onChange={event => setFollow(event.target.checked)}
          />{' '}
          {trans.__('Follow')}
        </label>
      </div>
      {error ? <ErrorBox error={asApiError(error)} trans={trans} /> : null}
      <pre
        ref={text}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log of %1', task)}
      >
        {shown ||
          (lines || !task
            ? trans.__('Nothing was logged yet.')
            : trans.__('Reading…'))}
      </pre>
      {shown && <CopyButton text={shown} trans={trans} />}
    </div>
  );
}
