import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import { IWireError, Json } from './types';

export const BASE = 'modelarts-nb/api';

/** Codes that only the browser can know; all others come from the server. */
export const UNREACHABLE = 'server_unreachable';
export const EXTENSION_MISSING = 'server_extension_missing';

/** A refusal of the server in the form a face shows: message, hint, cause. */
export class ApiError extends Error {
  constructor(
    readonly wire: IWireError,
    readonly status: number
  ) {
    super(wire.message);
    this.name = 'ApiError';
  }

  get code(): string {
    return this.wire.code;
  }

  get hint(): string {
    return this.wire.hint ?? '';
  }

  /** The part to fold away, for who wants to know or to report. */
  get technical(): string {
    const { cause, error_code, cloud_request_id, request_id } = this.wire;
    return [
      cause,
      error_code,
      cloud_request_id && `cloud request ${cloud_request_id}`,
      request_id && `request ${request_id}`
    ]
      .filter(Boolean)
      .join('\n');
  }
}

/** Any thrown value as an `ApiError`, so that every face shows the same. */
export function asApiError(reason: unknown): ApiError {
  if (reason instanceof ApiError) {
    return reason;
  }
  const message = reason instanceof Error ? reason.message : String(reason);
  return new ApiError({ code: 'error', message }, 0);
}

/**
 * Ask our server extension.
 *
 * @param settings - where the server is and how to authenticate.
 * @param path - below `/modelarts-nb/api/`, segments already encoded.
 * @param init - method and body.
 * @returns the decoded JSON; `undefined` where the server has nothing to say.
 * @throws ApiError for every failure, also when the server cannot be reached.
 */
export async function request<T>(
  settings: ServerConnection.ISettings,
  path: string,
  init: RequestInit = {}
): Promise<T> {
  const url = URLExt.join(settings.baseUrl, BASE) + '/' + path;
  let response: Response;
  try {
    response = await ServerConnection.makeRequest(url, init, settings);
  } catch (reason) {
    throw new ApiError(
      {
        code: UNREACHABLE,
        message: 'The Jupyter server does not answer.',
        hint: 'Check the connection; running operations go on without it.',
        cause: reason instanceof Error ? reason.message : String(reason)
      },
      0
    );
  }
  const text = await response.text();
  const body = decode(text);
  if (response.ok) {
    if (text && body === undefined) {
      // A login page or a proxy's page answers 200 with HTML.
      throw missing(response, text);
    }
    return body as T;
  }
  throw refusal(response, body, text);
}

function decode(text: string): Json | undefined {
  try {
    return text ? (JSON.parse(text) as Json) : undefined;
  } catch {
    return undefined;
  }
}

function refusal(
  response: Response,
  body: Json | undefined,
  text: string
): ApiError {
  if (body && typeof body === 'object' && !Array.isArray(body)) {
    if (typeof body.code === 'string') {
      return new ApiError(body as unknown as IWireError, response.status);
    }
  }
  if (response.status === 404) {
    return missing(response, text);
  }
  const message =
    body && typeof body === 'object' && !Array.isArray(body)
      ? String(body.message ?? '')
      : '';
  return new ApiError(
    {
      code: response.status === 403 ? 'access_denied' : 'error',
      message: message || `${response.status} ${response.statusText}`,
      cause: text.slice(0, 2000)
    },
    response.status
  );
}

function missing(response: Response, text: string): ApiError {
  return new ApiError(
    {
      code: EXTENSION_MISSING,
      message: 'The server part of ModelArts NB is not running.',
      hint: 'Run `ma restore` (or `pip install modelarts_nb` beside JupyterLab) and restart the Jupyter server.',
      cause: `${response.status} ${response.url}\n${text.slice(0, 400)}`
    },
    response.status
  );
}
