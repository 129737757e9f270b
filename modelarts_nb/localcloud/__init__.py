"""The local cloud: a stand-in for the cloud's API on this machine, never reported as the cloud.

A program of its own: ``python -m modelarts_nb.localcloud``. Nobody imports it (tests start it
through ``modelarts_nb.localcloud.testing``), and it imports nothing else of ours.

One server on loopback answers for every service. The SDK drops the path of an endpoint, so
services are told apart by the paths of their API, which are disjoint: every client gets the same
``with_endpoint("http://127.0.0.1:PORT")``.

How a service is built (``sfsturbo/`` is a small one to look at)::

    from modelarts_nb.localcloud.web.service import ASKED_INSIDE, Service
    from modelarts_nb.localcloud.web.call import Call
    from modelarts_nb.localcloud.web.problem import CloudError

    SERVICE = Service("modelarts", forbidden=..., invalid=..., schema="CREATE TABLE notebook ...")

    @SERVICE.route("GET", "/v1/{project_id}/notebooks/{id}", action="modelarts:notebook:get")
    def show_notebook(call: Call) -> Any:
        row = call.db.one("SELECT * FROM notebook WHERE id = ?", call.params["id"])
        if row is None:
            raise CloudError(400, "ModelArts.6309", "The instance does not exist.")
        return {...}                       # 200 with JSON; Reply(204) for anything else

- ``SERVICE`` goes into the list of ``services.py``: that is all the registration there is.
- ``schema`` runs once, when the state is made; name tables ``<service>_<thing>``.
- ``action`` is asked before the handler runs. Where the answer depends on what is in the request
  (``modelarts:poolType``), the route says ``action=ASKED_INSIDE`` and the handler calls
  ``call.require(action, {"modelarts:poolType": "public"})``; a handler that then answers without
  having asked is refused with a 500 and its changes are undone.
- A handler runs in one transaction, committed when it returns, undone when it raises: of a GET
  it can only read, of any other it is alone in writing. What takes time goes to
  ``call.afterwards(work)``: run in a thread of its own, after the commit.
  ``call.cloud.store.write()`` is a transaction for such work.
- ``call.caller`` says who calls (user, agency, domain, project), ``call.decide`` what they may.
- ``SERVICE.at_start`` and ``at_stop`` take functions of ``Cloud``: fill the demo account, pick up
  what was running, end what was started. ``cloud.folder`` is the state folder: keep files below
  ``cloud.folder / "<service>"``.
"""
