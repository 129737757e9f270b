import { HTMLSelect } from '@jupyterlab/ui-components';
import React from 'react';

import { IJob, IJobLine } from '../../api/jobTypes';
import { asApiError } from '../../api/request';
import { hasEnded } from '../../jobs/words';
import { IModelArtsNb } from '../../tokens';
import { CopyButton, ErrorBox } from '../error';
import { show } from '../form';

/** How often a log is read on, in ms. */
const READ_ON = 2000;
/** How many lines are shown, how many times more when older ones are asked for, and at most. */
const LINES = 500;
const MORE = 4;
const MOST = 8000;

/** What a job's tasks print, growing while it runs. */
export async function showJobLog(nb: IModelArtsNb, job: IJob): Promise<void> {
  await show(
    nb.trans.__('Log of %1', job.name),
    <JobLog nb={nb} job={job} />,
    nb.trans
  );
}

interface IFound {
  lines: IJobLine[];
  /** So many were asked for. */
  count: number;
}

/** The newest lines of one task. */
export function JobLog(props: {
  nb: IModelArtsNb;
  job: IJob;
}): React.ReactElement {
  const { nb, job } = props;
  const { trans, format } = nb;
  const tasks = job.tasks.map(task => task.name);
  const [task, setTask] = React.useState(tasks[0] ?? '');
  const [follow, setFollow] = React.useState(!hasEnded(job));
  const [count, setCount] = React.useState(LINES);
  const [found, setFound] = React.useState<IFound | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const text = React.useRef<HTMLPreElement>(null);
  /** How far the text on top is from the end, while older lines come above it. */
  const place = React.useRef<number | null>(null);

  React.useEffect(() => {
    let timer = 0;
    let gone = false;
    const read = async () => {
      // Nobody sees it: it is read when somebody does.
      if (!document.hidden && task) {
        try {
          const lines = await nb.jobs.client.logs(job.id, task, count);
          if (!gone) {
            setFound({ lines, count });
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
  }, [nb, job.id, task, follow, count]);

  React.useLayoutEffect(() => {
    const shown = text.current;
    if (shown && follow) {
      shown.scrollTo({ top: shown.scrollHeight });
    } else if (shown && place.current !== null) {
      shown.scrollTo({ top: shown.scrollHeight - place.current });
      place.current = null;
    }
  }, [found, follow]);

  const readBack = () => {
    const shown = text.current;
    place.current = shown && shown.scrollHeight - shown.scrollTop;
    // Who reads what was is not to be taken to the end again.
    setFollow(false);
    setCount(count * MORE);
  };

  const shown = (found?.lines ?? []).map(line => line.text).join('\n');
  return (
    <div className="ma-Log ma-mod-job">
      <div className="ma-Log-choice">
        {tasks.length > 1 && (
          <HTMLSelect
            aria-label={trans.__('Task')}
            value={task}
            onChange={event => {
              setFound(null);
              setCount(LINES);
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
            onChange={event => {
              setFollow(event.target.checked);
              setCount(LINES);
            }}
          />{' '}
          {trans.__('Follow')}
        </label>
      </div>
      {error ? <ErrorBox error={asApiError(error)} trans={trans} /> : null}
      {found && found.lines.length >= found.count && (
        <p className="ma-Log-older" role="status">
          {trans.__('The newest %1 lines.', format.count(found.lines.length))}{' '}
          {count < MOST ? (
            <button
              type="button"
              className="ma-Button ma-link"
              disabled={count !== found.count}
              onClick={readBack}
            >
              {trans.__('Older ones')}
            </button>
          ) : (
            trans.__(
              'All of them: %1',
              `ma job logs ${job.name} --task ${task} --lines 0`
            )
          )}
        </p>
      )}
      <pre
        ref={text}
        tabIndex={0}
        role="log"
        aria-live="off"
        aria-label={trans.__('Log of %1', task)}
      >
        {shown ||
          (found || !task
            ? trans.__('Nothing was logged yet.')
            : trans.__('Reading…'))}
      </pre>
      {shown && <CopyButton text={shown} trans={trans} />}
    </div>
  );
}
