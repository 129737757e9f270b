import { INotebook } from '../../api/cloudTypes';
import { IOperation } from '../../api/types';
import { usePanel, useSignal } from '../context';

/** The state in words, also while an operation of ours changes it. */
export function useStates(): (notebook: INotebook) => string {
  const { operations, cloud } = usePanel();
  const running = useSignal(operations.changed, () => operations.running);
  return notebook => {
    const moving = running.find(
      operation =>
        /^notebook\.st/.test(operation.verb) &&
        isAbout(operation, notebook, cloud.view.mine?.id)
    );
    return moving
      ? moving.verb === 'notebook.start'
        ? 'STARTING'
        : 'STOPPING'
      : notebook.status;
  };
}

function isAbout(
  { params }: IOperation,
  notebook: INotebook,
  mine: string | undefined
): boolean {
  return params.notebook
    ? params.notebook === notebook.id || params.notebook === notebook.name
    : notebook.id === mine;
}
