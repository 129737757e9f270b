import React from 'react';

import { IDifference, IFileChanges } from '../../api/sealedTypes';
import { IModelArtsNb } from '../../tokens';

/** How many paths are worth reading in a dialog. */
const PATHS = 200;

/** What lies between two versions: packages by name, files by number. */
export function DifferenceView(props: {
  nb: IModelArtsNb;
  difference: IDifference;
}): React.ReactElement {
  const { nb, difference } = props;
  const { trans } = nb;
  const { packages, added, removed, changed } = difference;
  if (!packages.length && !added.count && !removed.count && !changed.count) {
    return <p>{trans.__('Nothing differs.')}</p>;
  }
  return (
    <div className="ma-Difference">
      {packages.length > 0 && (
        <div
          className="ma-Scroll"
          tabIndex={0}
          role="region"
          aria-label={trans.__('Packages that differ')}
        >
          <table className="ma-Table">
            <thead>
              <tr>
                <th scope="col">{trans.__('Package')}</th>
                <th scope="col">{trans.__('Before')}</th>
                <th scope="col">{trans.__('After')}</th>
              </tr>
            </thead>
            <tbody>
              {packages.map(item => (
                <tr key={`${item.manager} ${item.name}`}>
                  <td>
                    {item.name}
                    {item.manager === 'pip' && (
                      <span className="ma-muted"> pip</span>
                    )}
                  </td>
                  <td>{item.before ?? '–'}</td>
                  <td>{item.after ?? '–'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      <Files nb={nb} changes={added} word={trans.__('added')} />
      <Files nb={nb} changes={removed} word={trans.__('removed')} />
      <Files nb={nb} changes={changed} word={trans.__('changed')} />
    </div>
  );
}

function Files(props: {
  nb: IModelArtsNb;
  changes: IFileChanges;
  word: string;
}): React.ReactElement | null {
  const { nb, changes, word } = props;
  const { trans, format } = nb;
  if (!changes.count) {
    return null;
  }
  const shown = changes.paths.slice(0, PATHS);
  const rest = changes.count - shown.length;
  return (
    <details className="ma-Technical">
      <summary>
        {[
          `${word}: ${format.files(changes.count)}`,
          changes.bytes ? format.bytes(changes.bytes) : ''
        ]
          .filter(Boolean)
          .join(' · ')}
      </summary>
      <pre>
        {shown.join('\n')}
        {rest > 0 &&
          `\n${trans._n('and %2 more', 'and %2 more', rest, format.count(rest))}`}
      </pre>
    </details>
  );
}
