import React from 'react';

import { ApiError, asApiError } from '../api/request';
import { IOperation, IPlan, IPlanned } from '../api/types';
import { Operations } from '../operations/model';
import { useSignal } from '../panel/context';
import { Progress } from '../panel/progress';
import { IModelArtsNb } from '../tokens';
import { ErrorBox } from './error';

interface IPreviewProps {
  nb: IModelArtsNb;
  /** Start the operation that only looks. */
  start: () => Promise<IOperation>;
  /** What it found; without: a plan of packages. */
  draw?: (ended: IOperation) => React.ReactElement;
  /** Without, it goes on until the dialog is closed. */
  onCancel?: () => void;
}

/**
 * What an operation would do, from the same operation that only looks.
 *
 * Runs while it is drawn: taken away, the operation is cancelled and forgotten.
 */
export function Preview(props: IPreviewProps): React.ReactElement {
  const { nb, start, draw, onCancel } = props;
  const { operations, trans, format } = nb;
  const [id, setId] = React.useState<string | null>(null);
  const [ended, setEnded] = React.useState<IOperation | null>(null);
  const [error, setError] = React.useState<unknown>(null);
  const node = React.useRef<HTMLDivElement>(null);
  const begin = React.useRef(start);
  const running = useSignal(operations.changed, () => operations.running).find(
    operation => operation.id === id
  );
  React.useEffect(() => {
    let gone = false;
    const started = begin.current();
    started
      .then(operation => {
        if (gone) {
          return;
        }
        setId(operation.id);
        return operations.whenEnded(operation.id).then(last => {
          if (!gone) {
            setEnded(last);
          }
          void forget(operations, last.id);
        });
      })
      .catch(reason => !gone && setError(reason));
    return () => {
      gone = true;
      void started
        .then(operation => forget(operations, operation.id))
        .catch(() => undefined);
    };
  }, [operations]);
  React.useEffect(() => {
    // A dialog that is full shows its end only after scrolling.
    if (ended) {
      node.current?.scrollIntoView?.({ block: 'nearest' });
    }
    // Without the focus in it a dialog hears no Escape; the button that had it is gone.
    if (ended && document.activeElement === document.body) {
      node.current?.focus();
    }
  }, [ended]);
  const failed = error
    ? asApiError(error)
    : ended?.error
      ? new ApiError(ended.error, 500)
      : null;
  return (
    <div
      ref={node}
      className="ma-Preview"
      role="group"
      tabIndex={-1}
      aria-label={trans.__('Preview')}
      aria-live="polite"
    >
      {failed ? (
        <ErrorBox error={failed} trans={trans} />
      ) : ended ? (
        ended.state === 'done' && draw ? (
          draw(ended)
        ) : ended.state === 'done' ? (
          <PlanView
            nb={nb}
            plan={ended.result as unknown as IPlan}
            verb={ended.verb}
          />
        ) : (
          <p>{trans.__('The preview was interrupted.')}</p>
        )
      ) : (
        <div className="ma-Preview-running">
          {running ? (
            <div>
              <Progress operation={running} trans={trans} format={format} />
            </div>
          ) : (
            <p>{draw ? trans.__('looking') : trans.__('choosing packages')}</p>
          )}
          {onCancel && (
            <button
              type="button"
              className="ma-Button ma-link"
              onClick={onCancel}
            >
              {trans.__('Stop')}
            </button>
          )}
        </div>
      )}
    </div>
  );
}

/** Take a preview out of the world: it is of interest only where it was asked for. */
async function forget(operations: Operations, id: string): Promise<void> {
  const known = operations.list.find(operation => operation.id === id);
  if (!known) {
    return;
  }
  if (known.state === 'running') {
    await operations.cancel(id).catch(() => undefined);
    await operations.whenEnded(id);
  }
  // Somebody else may have dismissed it.
  await operations.dismiss(id).catch(() => undefined);
}

interface ILine {
  what: string;
  name: string;
  version: string;
  size: number | null;
}

/** A plan as lines, what goes and changes before what comes. */
export function planLines(
  plan: IPlan,
  verb: string,
  words: { remove: string; change: string; install: string; pip: string }
): ILine[] {
  const before = new Map(plan.remove.map(item => [item.name, item]));
  const after = new Set(plan.add.map(item => item.name));
  const line = (what: string, item: IPlanned, old?: IPlanned): ILine => ({
    what,
    name: item.name,
    version: old ? `${old.version} → ${item.version}` : item.version,
    size: item.size
  });
  const uninstall = verb === 'env.uninstall';
  return [
    ...plan.remove
      .filter(item => !after.has(item.name))
      .map(item => ({ ...line(words.remove, item), size: null })),
    ...plan.add
      .filter(item => before.has(item.name))
      .map(item => line(words.change, item, before.get(item.name))),
    ...plan.add
      .filter(item => !before.has(item.name))
      .map(item => line(words.install, item)),
    ...plan.pip.map(text => ({
      what: uninstall ? words.remove : words.pip,
      name: uninstall ? text.replace(/^-/, '') : text,
      version: '',
      size: null
    }))
  ];
}

function PlanView(props: {
  nb: IModelArtsNb;
  plan: IPlan;
  verb: string;
}): React.ReactElement {
  const { nb, plan, verb } = props;
  const { trans, format } = nb;
  const words = {
    remove: trans.__('remove'),
    change: trans.__('change'),
    install: trans.__('install'),
    pip: trans.__('by pip')
  };
  const lines = planLines(plan, verb, words);
  if (lines.length === 0) {
    return (
      <p>{trans.__('Nothing would change: all of it is there already.')}</p>
    );
  }
  const count = (what: string) =>
    lines.filter(item => item.what === what).length;
  const download = plan.add.reduce((sum, item) => sum + (item.size ?? 0), 0);
  const summary = [
    [words.remove, count(words.remove)] as const,
    [words.change, count(words.change)] as const,
    [words.install, count(words.install)] as const,
    [words.pip, count(words.pip)] as const
  ]
    .filter(([, number]) => number > 0)
    .map(([word, number]) => `${word}: ${format.count(number)}`);
  if (download) {
    summary.push(trans.__('at most %1 to download', format.bytes(download)));
  }
  return (
    <>
      <p className="ma-strong">{summary.join(' · ')}</p>
      <div
        className="ma-Scroll"
        tabIndex={0}
        role="region"
        aria-label={trans.__('What would be done')}
      >
        <table className="ma-Table">
          <thead>
            <tr>
              <th scope="col">{trans.__('Package')}</th>
              <th scope="col">{trans.__('Version')}</th>
              <th scope="col">{trans.__('Download')}</th>
              <th scope="col">{trans.__('What happens')}</th>
            </tr>
          </thead>
          <tbody>
            {lines.map(item => (
              <tr key={`${item.what} ${item.name}`}>
                <td>{item.name}</td>
                <td>{item.version}</td>
                <td>{item.size === null ? '' : format.bytes(item.size)}</td>
                <td>{item.what}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}
