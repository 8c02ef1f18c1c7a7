"""What runs inside the sandbox: nginx's driver, its clients and the upstreams that stand in.

Only the standard library and, for HTTP/2 and HTTP/3, h2 and aioquic; nothing of the project under
test.  It judges nothing: the host does.
"""
