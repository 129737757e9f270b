import { ellipsesIcon } from '@jupyterlab/ui-components';
import React from 'react';

import { usePanel } from './context';
import { IconButton } from './iconButton';
import { Entry, openMenu } from './menu';

interface IMenuButtonProps {
  label: string;
  entries: readonly Entry[];
  tabIndex?: number;
  /** Gets the focus when the menu closes; without: the button. */
  back?: React.RefObject<HTMLElement>;
}

/** The “⋯” of a row or a section: a menu below the button. */
export function MenuButton(props: IMenuButtonProps): React.ReactElement {
  const { label, entries, tabIndex, back } = props;
  const { commands } = usePanel();
  return (
    <IconButton
      label={label}
      icon={ellipsesIcon}
      tabIndex={tabIndex}
      popup
      onClick={event => {
        const button = event.currentTarget;
        const box = button.getBoundingClientRect();
        openMenu(
          commands,
          entries,
          box.left,
          box.bottom,
          back?.current ?? button
        );
      }}
    />
  );
}
