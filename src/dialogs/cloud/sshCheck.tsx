import React from 'react';

import { ISshCheck, ISshFinding } from '../../api/cloudTypes';
import { sshFindingWord, sshFixWord } from '../../cloud/errorWords';
import { isPrivateKey } from '../../cloud/publicKey';
import { readsEnglish } from '../../serverWords';
import { IModelArtsNb } from '../../tokens';
import { TextField } from '../fields';
import { show } from '../form';
import { Loaded } from '../loaded';

/** Look at everything that has to hold before somebody gets in. */
export async function showSshCheck(
  nb: IModelArtsNb,
  notebook?: string
): Promise<void> {
  await show(
    nb.trans.__('Check SSH'),
    <CheckView nb={nb} notebook={notebook} />,
    nb.trans
  );
}

function CheckView(props: {
  nb: IModelArtsNb;
  notebook?: string;
}): React.ReactElement {
  const { nb, notebook } = props;
  const { trans, cloud } = nb;
  const [said, setSaid] = React.useState('');
  const [asked, setAsked] = React.useState({ said: '', turn: 0 });
  return (
    <>
      <Loaded
        key={asked.turn}
        nb={nb}
        load={() => cloud.client.sshCheck(notebook, asked.said)}
      >
        {check => <SshFindings nb={nb} check={check} />}
      </Loaded>
      <TextField
        label={trans.__('What the laptop complains of')}
        value={said}
        rows={2}
        placeholder="Permission denied (publickey)."
        help={trans.__(
          'What only the laptop can see is told by its own words: paste them.'
        )}
        // Whatever is pasted here by mistake, a private key goes nowhere.
        onChange={text => setSaid(isPrivateKey(text) ? '' : text)}
      />
      <button
        type="button"
        className="ma-Button"
        onClick={() => setAsked({ said: said.trim(), turn: asked.turn + 1 })}
      >
        {trans.__('Look again')}
      </button>
    </>
  );
}

const RANK = { problem: 0, warning: 1, ok: 2 };

/** What was found, the worst first, each with what to do. */
function SshFindings(props: {
  nb: IModelArtsNb;
  check: ISshCheck;
}): React.ReactElement {
  const { nb, check } = props;
  const { trans } = nb;
  const sorted = [...check.findings].sort(
    (one, other) => RANK[one.level] - RANK[other.level]
  );
  return (
    <>
      <p>
        <strong>
          {!check.healthy
            ? trans.__('Something is in the way.')
            : check.logged_in
              ? trans.__('All is well: a login from here works.')
              : trans.__('Nothing is wrong that can be seen from here.')}
        </strong>
      </p>
      <ul className="ma-Findings">
        {sorted.map((finding, index) => (
          <FindingLine key={index} nb={nb} finding={finding} />
        ))}
      </ul>
    </>
  );
}

const MARKS = { problem: '✖', warning: '▲', ok: '✔' };

function FindingLine(props: {
  nb: IModelArtsNb;
  finding: ISshFinding;
}): React.ReactElement {
  const { nb, finding } = props;
  const { trans } = nb;
  const { code, level, message, fix } = finding;
  const english = readsEnglish(trans);
  const levels = {
    ok: trans.__('Fine'),
    warning: trans.__('Warning'),
    problem: trans.__('Error')
  };
  const title = english ? message : (sshFindingWord(code, trans) ?? message);
  const todo = english ? fix : (sshFixWord(code, trans) ?? fix);
  return (
    <li data-level={level}>
      <div>
        <span aria-hidden="true">{MARKS[level]} </span>
        <span className="ma-hidden">{levels[level]}: </span>
        {level === 'ok' ? title : <strong>{title}</strong>}
      </div>
      {todo && <div className="ma-muted">{todo}</div>}
      {!english && (
        <details>
          <summary>{trans.__('Details')}</summary>
          <p>{message}</p>
          {fix && <p>{fix}</p>}
        </details>
      )}
    </li>
  );
}
