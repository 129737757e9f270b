import { LabIcon } from '@jupyterlab/ui-components';

import logo from '../style/icons/modelarts-nb.svg';

/** The panel's icon: a disk that comes back. */
export const panelIcon = new LabIcon({
  name: 'modelarts_nb:panel',
  svgstr: logo
});
