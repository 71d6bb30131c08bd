"""Looking at a site before a cutover: each check is a module, none of them needs another one."""
