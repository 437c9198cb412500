"""The demo house: Verlag Lindenhof and its branch Südpost, alive on whatever day it is built."""
