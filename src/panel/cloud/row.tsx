import { ellipsesIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { Dot } from '../../words';
import { usePanel } from '../context';
import { Entry, openMenu } from '../menu';
import { IconButton } from '../section';

interface ICloudRowProps {
  /** Names the row among its siblings. */
  id: string;
  name: string;
  dot: Dot;
  /** The dot in words, for who does not see it. */
  state: string;
  /** At the right end of the first line. */
  fact: string;
  /** The second line. */
  more: string;
  hover: string;
  /** Whether Tab reaches this row. */
  current: boolean;
  /** What Enter does; `stays`: shown without hovering. */
  primary?: { label: string; run: () => void; stays?: boolean };
  menu: readonly Entry[];
  /** A third line. */
  children?: React.ReactNode;
}

/** A notebook, a storage or a key pair: facts, what can be done with it. */
export function CloudRow(props: ICloudRowProps): React.ReactElement {
  const { name, primary, menu } = props;
  const { trans, commands } = usePanel();
  const element = React.useRef<HTMLLIElement>(null);
  const tabIndex = props.current ? 0 : -1;
  const menuAt = (x: number, y: number) =>
    openMenu(commands, menu, x, y, element.current);
  return (
    <li
      ref={element}
      className="ma-Row ma-mod-cloud"
      data-row={props.id}
      data-name={name}
      tabIndex={tabIndex}
      aria-label={[name, props.state, props.fact, props.more]
        .filter((word, at, all) => word && all.indexOf(word) === at)
        .join(', ')}
      title={props.hover}
      onKeyDown={event => {
        if (event.target !== event.currentTarget) {
          return;
        }
        if (event.key === 'Enter' && primary) {
          event.preventDefault();
          primary.run();
        } else if (
          event.key === 'ContextMenu' ||
          (event.key === 'F10' && event.shiftKey)
        ) {
          event.preventDefault();
          const box = event.currentTarget.getBoundingClientRect();
          menuAt(box.left + 16, box.bottom);
        }
      }}
      onContextMenu={event => {
        event.preventDefault();
        event.stopPropagation();
        menuAt(event.clientX, event.clientY);
      }}
    >
      <span className="ma-Dot" data-dot={props.dot} aria-hidden="true" />
      <span className="ma-Row-name">{name}</span>
      <span className="ma-number ma-Row-size">{props.fact}</span>
      <span className="ma-Row-more ma-muted">{props.more}</span>
      {props.children}
      <span className="ma-Row-actions">
        {primary && (
          <button
            type="button"
            className={primary.stays ? 'ma-Button ma-stays' : 'ma-Button'}
            tabIndex={tabIndex}
            onClick={primary.run}
          >
            {primary.label}
          </button>
        )}
        {menu.length > 0 && (
          <IconButton
            label={trans.__('More for %1', name)}
            icon={ellipsesIcon}
            tabIndex={tabIndex}
            popup
            onClick={event => {
              const box = event.currentTarget.getBoundingClientRect();
              menuAt(box.left, box.bottom);
            }}
          />
        )}
      </span>
    </li>
  );
}
