import { searchIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { usePanel } from './context';
import { IconButton } from './iconButton';
import { IRoving } from './roving';

/** A list that can be searched: whether somebody does, and for what. */
export interface ISearch {
  readonly searching: boolean;
  /** What is typed. */
  readonly wanted: string;
  readonly type: (wanted: string) => void;
  readonly start: () => void;
  /** Show everything again, with the focus on a row. */
  readonly stop: () => void;
  readonly frame: React.RefObject<HTMLDivElement>;
}

export function useSearch(): ISearch {
  const [searching, setSearching] = React.useState(false);
  const [wanted, setWanted] = React.useState('');
  const frame = React.useRef<HTMLDivElement>(null);
  return {
    searching,
    wanted,
    type: setWanted,
    start: () => setSearching(true),
    stop: () => {
      setSearching(false);
      setWanted('');
      // The row that has the tab stop exists again only after drawing.
      requestAnimationFrame(() =>
        frame.current
          ?.querySelector<HTMLElement>('[data-row][tabindex="0"]')
          ?.focus()
      );
    },
    frame
  };
}

/** Whether one of these words has in it what is looked for. */
export function matches(search: ISearch, words: readonly string[]): boolean {
  return words
    .join(' ')
    .toLowerCase()
    .includes(search.wanted.trim().toLowerCase());
}

/** Begins a search, and ends it. */
export function SearchButton(props: {
  search: ISearch;
  label: string;
}): React.ReactElement {
  const { search, label } = props;
  return (
    <IconButton
      label={label}
      icon={searchIcon}
      pressed={search.searching}
      onClick={search.searching ? search.stop : search.start}
    />
  );
}

interface ISearchableProps {
  search: ISearch;
  roving: IRoving;
  label: string;
  placeholder: string;
  /** Nothing is left of the list. */
  none: boolean;
  /** Above the field. */
  heading?: React.ReactNode;
  children: React.ReactNode;
}

/** Rows with a field above them: “/” begins the search, Escape ends it, arrows walk. */
export function Searchable(props: ISearchableProps): React.ReactElement {
  const { search, roving } = props;
  const { trans } = usePanel();
  return (
    <div
      ref={search.frame}
      role="presentation"
      onFocus={roving.onFocus}
      onKeyDown={event => {
        const typing = (event.target as HTMLElement).closest('input');
        if (event.key === '/' && !typing) {
          event.preventDefault();
          search.start();
        } else if (event.key === 'Escape' && search.searching) {
          event.preventDefault();
          search.stop();
        } else if (event.key === 'ArrowDown' && typing) {
          event.preventDefault();
          search.frame.current
            ?.querySelector<HTMLElement>('[data-row]')
            ?.focus();
        } else {
          roving.onKeyDown(event);
        }
      }}
    >
      {props.heading}
      {search.searching && (
        <input
          type="search"
          className="jp-mod-styled ma-Search"
          aria-label={props.label}
          placeholder={props.placeholder}
          value={search.wanted}
          // The field appears because the user asked for it.
          // eslint-disable-next-line jsx-a11y/no-autofocus
          autoFocus
          onChange={event => search.type(event.target.value)}
        />
      )}
      {search.searching && props.none && (
        <p className="ma-Empty">{trans.__('Nothing matches.')}</p>
      )}
      {props.children}
    </div>
  );
}
