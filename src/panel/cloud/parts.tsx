import React from 'react';

import { ApiError, UNREACHABLE } from '../../api/request';
import { ICloudView, CloudPart } from '../../cloud/view';
import { usePanel, useSignal } from '../context';
import { Failed } from '../failed';

/** What is known of the cloud, drawn again when that changes. */
export function useCloud(): {
  view: ICloudView;
  error: (part: CloudPart) => ApiError | null;
} {
  const { cloud } = usePanel();
  // A new object each time: errors change without the view.
  return useSignal(cloud.changed, () => ({
    view: cloud.view,
    error: (part: CloudPart) => cloud.error(part)
  }));
}

/** Why parts could not be read; what is shown of them stays. */
export function PartErrors(props: {
  parts: readonly CloudPart[];
}): React.ReactElement | null {
  const { cloud } = usePanel();
  const { error } = useCloud();
  const errors = props.parts
    .map(error)
    // The panel itself says that Jupyter does not answer.
    .filter(
      (item): item is ApiError => item !== null && item.code !== UNREACHABLE
    );
  const different = errors.filter(
    (item, at) =>
      errors.findIndex(other => other.message === item.message) === at
  );
  return different.length ? (
    <Failed errors={different} onRetry={() => void cloud.refresh()} />
  ) : null;
}

/** Seconds until this notebook stops by itself, counting down. */
export function useSecondsLeft(): number | null {
  const { cloud } = usePanel();
  const [left, setLeft] = React.useState(() => cloud.secondsLeft());
  React.useEffect(() => {
    const look = () => setLeft(cloud.secondsLeft());
    look();
    cloud.changed.connect(look);
    const timer = window.setInterval(look, 1000);
    return () => {
      cloud.changed.disconnect(look);
      window.clearInterval(timer);
    };
  }, [cloud]);
  return left;
}

/** Where nothing is known yet, and why that is. */
export function Reading(): React.ReactElement {
  const { trans } = usePanel();
  return <p className="ma-Empty">{trans.__('Reading…')}</p>;
}
