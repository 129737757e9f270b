import React from 'react';

import { Teaching } from '../../panel/cloud/teaching';
import { IModelArtsNb } from '../../tokens';
import { show } from '../form';

/** A command of the cloud was chosen, and there is no account: how to get one going. */
export async function showTeaching(nb: IModelArtsNb): Promise<void> {
  const { cloud, trans } = nb;
  const { status } = cloud.view;
  if (status) {
    await show(
      trans.__('There are no keys for the cloud.'),
      <Teaching status={status} trans={trans} open />,
      trans
    );
  }
}
