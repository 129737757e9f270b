import React from 'react';

interface IIconButtonProps {
  label: string;
  icon: { react: React.ElementType };
  onClick: (event: React.MouseEvent<HTMLElement>) => void;
  pressed?: boolean;
  tabIndex?: number;
  popup?: boolean;
}

/** A small button that is only an icon, with its name for everybody. */
export function IconButton(props: IIconButtonProps): React.ReactElement {
  const Icon = props.icon.react;
  return (
    <button
      type="button"
      className="ma-IconButton"
      aria-label={props.label}
      title={props.label}
      aria-pressed={props.pressed}
      aria-haspopup={props.popup ? 'menu' : undefined}
      tabIndex={props.tabIndex}
      onClick={props.onClick}
    >
      <Icon tag="span" />
    </button>
  );
}
