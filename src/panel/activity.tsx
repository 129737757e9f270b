import { closeIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { ApiError } from '../api/request';
import { IOperation } from '../api/types';
import { CommandIDs } from '../commands';
import { ErrorBox } from '../dialogs/error';
import { LogView } from '../dialogs/log';
import { endsInDialog } from '../operations/model';
import { operationEnd, operationTitle } from '../words';
import { usePanel, useRun } from './context';
import { IconButton } from './iconButton';
import { paceLine, Progress } from './progress';
import { IFold, Section } from './section';

/** The older ends are of interest to few. */
const ENDED_SHOWN = 3;

interface IActivityProps extends IFold {
  operations: readonly IOperation[];
}

/** What runs now and what has ended, until it is dismissed. */
export function Activity(props: IActivityProps): React.ReactElement | null {
  const { open, onToggle } = props;
  const { trans } = usePanel();
  // What a preview found is shown where it was asked for.
  const operations = props.operations.filter(
    item => item.state === 'running' || !endsInDialog(item)
  );
  const run = useRun();
  const running = operations.filter(item => item.state === 'running').length;
  const ended = operations.filter(item => item.state !== 'running');
  const [all, setAll] = React.useState(false);
  const shown = all ? operations : operations.slice(0, running + ENDED_SHOWN);
  const hidden = operations.length - shown.length;
  return (
    <Section
      id="activity"
      title={trans.__('Activity')}
      count={running || undefined}
      open={open}
      onToggle={onToggle}
      actions={
        ended.length > 1 && (
          <button
            type="button"
            className="ma-Button ma-link"
            onClick={() => {
              for (const { id } of ended) {
                run(CommandIDs.dismissOperation, { id });
              }
            }}
          >
            {trans.__('Clear')}
          </button>
        )
      }
    >
      {operations.length === 0 ? (
        <p className="ma-Empty">
          {trans.__(
            'Nothing runs. What you start goes on here, also when this page is closed.'
          )}
        </p>
      ) : (
        <ul className="ma-List" aria-label={trans.__('Activity')}>
          {shown.map(operation => (
            <Item key={operation.id} operation={operation} />
          ))}
        </ul>
      )}
      {hidden > 0 && (
        <button
          type="button"
          className="ma-Button ma-link ma-Operation-more"
          onClick={() => setAll(true)}
        >
          {trans._n('%1 older one', '%1 older ones', hidden)}
        </button>
      )}
    </Section>
  );
}

const Item = React.memo(function Item(props: { operation: IOperation }) {
  const { operation } = props;
  const panel = usePanel();
  const { trans, format } = panel;
  const run = useRun();
  const [logShown, setLogShown] = React.useState(false);
  const { id, state } = operation;
  const title = operationTitle(operation, trans);
  const end = operation.ended ?? operation.started;
  return (
    <li className="ma-Operation" data-state={state}>
      <div className="ma-Operation-head">
        <span className="ma-Operation-title">{title}</span>
        {state !== 'running' && (
          <IconButton
            label={trans.__('Dismiss: %1', title)}
            icon={closeIcon}
            onClick={() => run(CommandIDs.dismissOperation, { id })}
          />
        )}
      </div>
      {state === 'running' && (
        <Progress operation={operation} trans={trans} format={format} />
      )}
      {(state === 'failed' || state === 'lost') && (
        <Failure operation={operation} />
      )}
      <div className="ma-Operation-foot">
        <span
          className="ma-number ma-muted"
          title={state === 'running' ? undefined : format.exact(end)}
        >
          {state === 'running'
            ? paceLine(operation, trans, format)
            : `${operationEnd(operation, trans)} · ${format.relative(end)}`}
        </span>
        <span className="ma-Buttons">
          <button
            type="button"
            className="ma-Button ma-link"
            aria-expanded={logShown}
            aria-label={trans.__('Log of: %1', title)}
            onClick={() => setLogShown(!logShown)}
          >
            {trans.__('Log')}
          </button>
          {state === 'running' && (
            <button
              type="button"
              className="ma-Button ma-link"
              aria-label={trans.__('Cancel: %1', title)}
              onClick={() => run(CommandIDs.cancelOperation, { id })}
            >
              {trans.__('Cancel')}
            </button>
          )}
        </span>
      </div>
      {logShown && <LogView nb={panel} id={id} />}
    </li>
  );
});

function Failure({ operation }: { operation: IOperation }): React.ReactElement {
  const { trans } = usePanel();
  if (operation.error) {
    return (
      <ErrorBox error={new ApiError(operation.error, 500)} trans={trans} />
    );
  }
  return (
    <p>
      {trans.__(
        'Its process went away without a word; nothing half-made is left. Run the same again.'
      )}
    </p>
  );
}
