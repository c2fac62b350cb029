"""The case studies: the method of a paper, small enough to read, and at full size.

chexnet  fourteen findings on chest films (Rajpurkar et al. 2017)
"""
