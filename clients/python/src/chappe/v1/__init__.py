"""The messages of chappe.v1; the modules beside this one are generated while the package is built."""
