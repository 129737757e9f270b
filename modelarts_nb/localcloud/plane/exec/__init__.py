"""A Kubernetes API of three calls, for ``exec`` into the tasks of training jobs.

It speaks what an API server speaks: TLS, bearer tokens, ``metav1.Status``, and the sub-protocols
``v5.channel.k8s.io`` and ``v4.channel.k8s.io`` over a websocket (facts 3.3). Who may do what, and
which pods there are, the service says through ``cluster.Cluster``.
"""
