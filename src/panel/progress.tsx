import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IOperation } from '../api/types';
import { Format } from '../format';
import { percentOf } from '../operations/model';
import { operationEnd, operationTitle, phaseWord } from '../words';
import { usePanel } from './context';

/** `24,310 of 41,268 files`, or bytes where files are not counted. */
function amountLine(
  operation: IOperation,
  trans: TranslationBundle,
  format: Format
): string {
  const { done, total } = operation;
  if (total.files) {
    return trans.__(
      '%1 of %2 files',
      format.count(done.files ?? 0),
      format.count(total.files)
    );
  }
  if (total.bytes) {
    return trans.__(
      '%1 of %2',
      format.bytes(done.bytes ?? 0),
      format.bytes(total.bytes)
    );
  }
  if (done.files) {
    return format.files(done.files);
  }
  return done.bytes ? format.bytes(done.bytes) : '';
}

/** `118 MB/s · 14 s left` */
export function paceLine(
  operation: IOperation,
  trans: TranslationBundle,
  format: Format
): string {
  const { rate, seconds_left: left } = operation;
  return [
    rate.bytes
      ? format.rate(rate.bytes)
      : rate.files
        ? trans.__('%1 files/s', format.count(Math.round(rate.files)))
        : '',
    left === null ? '' : format.left(left)
  ]
    .filter(Boolean)
    .join(' · ');
}

interface IProgressProps {
  operation: IOperation;
  trans: TranslationBundle;
  format: Format;
}

/** A bar with the numbers a person wants beside it. */
export function Progress(props: IProgressProps): React.ReactElement {
  const { operation, trans, format } = props;
  const percent = percentOf(operation);
  return (
    <>
      <div className="ma-Progress">
        <div
          className={percent === null ? 'ma-Bar ma-mod-unknown' : 'ma-Bar'}
          role="progressbar"
          aria-label={operationTitle(operation, trans)}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={percent ?? undefined}
        >
          <div
            style={percent === null ? undefined : { width: `${percent}%` }}
          />
        </div>
        {percent !== null && (
          <span className="ma-number">{trans.__('%1 %', percent)}</span>
        )}
      </div>
      <div className="ma-number ma-muted">
        {[
          phaseWord(operation.phase, trans, operation.verb),
          amountLine(operation, trans, format)
        ]
          .filter(Boolean)
          .join(' · ')}
      </div>
    </>
  );
}

/** How often progress is spoken: at every quarter. */
const STEP = 25;

/** Progress for those who listen: politely, at the start, each quarter, the end. */
export function Announcer({
  operations
}: {
  operations: readonly IOperation[];
}): React.ReactElement {
  const { trans } = usePanel();
  const said = React.useRef(new Map<string, string>());
  const [text, setText] = React.useState('');
  React.useEffect(() => {
    const first = said.current.size === 0;
    for (const operation of operations) {
      const quarter = Math.floor((percentOf(operation) ?? 0) / STEP) * STEP;
      const word =
        operation.state === 'running'
          ? trans.__('%1 %', quarter)
          : operationEnd(operation, trans);
      if (said.current.get(operation.id) === word) {
        continue;
      }
      const old = said.current.has(operation.id);
      said.current.set(operation.id, word);
      // What had ended before the panel was opened is no news.
      if (old || operation.state === 'running' || !first) {
        setText(`${operationTitle(operation, trans)}: ${word}`);
      }
    }
  }, [operations, trans]);
  return (
    <div className="ma-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
