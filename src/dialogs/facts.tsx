import React from 'react';

/** A name and what it is; one without a value is not shown. */
export type Fact = [name: string, value: string | null];

/** What is known of one thing. */
export function Facts(props: { facts: readonly Fact[] }): React.ReactElement {
  return (
    <dl className="ma-Facts">
      {props.facts
        .filter(([, value]) => value)
        .map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
    </dl>
  );
}
