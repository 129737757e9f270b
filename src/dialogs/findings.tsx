import { TranslationBundle } from '@jupyterlab/translation';
import React from 'react';

import { IFinding } from '../api/types';
import { findingWord, fixWord, readsEnglish } from '../serverWords';

/** Findings in words: what is wrong, what would mend it, which files. */
export function Findings(props: {
  findings: readonly IFinding[];
  trans: TranslationBundle;
}): React.ReactElement {
  const { findings, trans } = props;
  const bad = findings.filter(finding => finding.level !== 'ok');
  if (bad.length === 0) {
    return <p className="ma-Findings-ok">{trans.__('Nothing is wrong.')}</p>;
  }
  const levels = {
    ok: trans.__('Fine'),
    warning: trans.__('Warning'),
    error: trans.__('Error')
  };
  const english = readsEnglish(trans);
  return (
    <ul className="ma-Findings">
      {bad.map((finding, index) => (
        <li key={index} data-level={finding.level}>
          <strong>
            {levels[finding.level]}: {findingWord(finding, trans)}
          </strong>
          {english && <div>{finding.message}</div>}
          {finding.fix && (
            <div className="ma-muted">{fixWord(finding, trans)}</div>
          )}
          {!english && (
            <details>
              <summary>{trans.__('Details')}</summary>
              <p>{finding.message}</p>
              {finding.fix && <p>{finding.fix}</p>}
            </details>
          )}
          {finding.files.length > 0 && (
            <details>
              <summary>
                {trans._n('%1 file', '%1 files', finding.files.length)}
              </summary>
              <pre>{finding.files.join('\n')}</pre>
            </details>
          )}
        </li>
      ))}
    </ul>
  );
}
