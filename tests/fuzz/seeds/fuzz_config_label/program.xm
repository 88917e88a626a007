import os
def f(x):
    """a
'b"""
    return x == 1
name='a';memory=1
access_control = [ # one
  'policy=p,label=l,version=1.0',
]
